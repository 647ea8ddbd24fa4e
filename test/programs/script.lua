-- SPDX-License-Identifier: MIT
-- Numbers, strings, tables, coroutines, files and the collector, in as many lines of output.
print(string.format("%.6f %d %s", math.sin(1), 7 // 2, 2^0.5))
print((("hello ring 3"):gsub("%w+", string.upper)))

local words = {}
for word in io.open("/etc/motd"):read("a"):gmatch("%a+") do words[#words + 1] = word end
table.sort(words)
print(table.concat(words, " "))

local next_square = coroutine.wrap(function() for i = 1, math.huge do coroutine.yield(i * i) end end)
local sum = 0
for _ = 1, 1000 do sum = sum + next_square() end
print(sum)

for round = 1, 20 do
    local garbage = {}
    for i = 1, 5000 do garbage[i] = ("x"):rep(i % 100) end
end
collectgarbage()
print(collectgarbage("count") < 2000, os.getenv("HOME"), os.time() > 1700000000)
print(pcall(error, "caught"))
