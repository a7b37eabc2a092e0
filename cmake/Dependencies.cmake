# The libraries, by the names that Debian 12, Debian 13 and Ubuntu 24.04 all give them.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(SQLite3 REQUIRED)
find_package(CLI11 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)

# tl::expected is one header; its package's CMake name has changed over time, its path has not.
find_path(EXPECTED_INCLUDE_DIR tl/expected.hpp REQUIRED)
add_library(expected::expected INTERFACE IMPORTED)
target_include_directories(expected::expected SYSTEM INTERFACE ${EXPECTED_INCLUDE_DIR})

pkg_check_modules(TOMLPLUSPLUS REQUIRED IMPORTED_TARGET tomlplusplus)
add_library(tomlplusplus::tomlplusplus INTERFACE IMPORTED)
target_link_libraries(tomlplusplus::tomlplusplus INTERFACE PkgConfig::TOMLPLUSPLUS)

# Its compile flags differ by version and do not fit precompiled headers; <hiredis/hiredis.h> needs none of them.
pkg_check_modules(HIREDIS REQUIRED hiredis)
add_library(hiredis::hiredis INTERFACE IMPORTED)
target_link_libraries(hiredis::hiredis INTERFACE ${HIREDIS_LINK_LIBRARIES})

if(NOT TARGET SQLite::SQLite3)  # CMake 4.3 renames it to SQLite3::SQLite3
  add_library(SQLite::SQLite3 INTERFACE IMPORTED)
  target_link_libraries(SQLite::SQLite3 INTERFACE SQLite3::SQLite3)
endif()
