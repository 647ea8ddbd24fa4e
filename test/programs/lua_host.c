// SPDX-License-Identifier: MIT
// Lua, as its library gives it to a host: runs the script that it is told.
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    lua_State *state = luaL_newstate();
    luaL_openlibs(state);
    if (argc > 1 && luaL_dofile(state, argv[1]) == LUA_OK)
        return 0;
    fprintf(stderr, "lua: %s\n", argc > 1 ? lua_tostring(state, -1) : "which script?");
    return 1;
}
