# The libraries, by the names that Debian 12, Debian 13 and Ubuntu 24.04 all give them.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto SSL)
find_package(SQLite3 REQUIRED)
find_package(CLI11 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(LibArchive REQUIRED)
find_package(PkgConfig REQUIRED)

# tl::expected is one header; its package's CMake name has changed over time, its path has not.
find_path(EXPECTED_INCLUDE_DIR tl/expected.hpp REQUIRED)
add_library(expected::expected INTERFACE IMPORTED)
target_include_directories(expected::expected SYSTEM INTERFACE ${EXPECTED_INCLUDE_DIR})

# Of Boost only headers are used; how find_package() names it depends on the versions of both Boost and CMake.
find_path(BOOST_HEADERS_DIR boost/beast.hpp REQUIRED)
add_library(boost::headers INTERFACE IMPORTED)
target_include_directories(boost::headers SYSTEM INTERFACE ${BOOST_HEADERS_DIR})
if(SIMSWARM_SANITIZE MATCHES "thread")  # which knows no fences; one thread is all that asio has here
  target_compile_definitions(boost::headers INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
endif()

pkg_check_modules(TOMLPLUSPLUS REQUIRED IMPORTED_TARGET tomlplusplus)
add_library(tomlplusplus::tomlplusplus INTERFACE IMPORTED)
target_link_libraries(tomlplusplus::tomlplusplus INTERFACE PkgConfig::TOMLPLUSPLUS)

# By pkg-config: Debian's packages of zstd bring a CMake configuration only in newer versions.
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
add_library(zstd::zstd INTERFACE IMPORTED)
target_link_libraries(zstd::zstd INTERFACE PkgConfig::ZSTD)

pkg_check_modules(MONGOC REQUIRED IMPORTED_TARGET libmongoc-1.0)
add_library(mongoc::mongoc INTERFACE IMPORTED)
target_link_libraries(mongoc::mongoc INTERFACE PkgConfig::MONGOC)

pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
add_library(seccomp::seccomp INTERFACE IMPORTED)
target_link_libraries(seccomp::seccomp INTERFACE PkgConfig::SECCOMP)

# Its compile flags differ by version and do not fit precompiled headers; <hiredis/hiredis.h> needs none of them.
pkg_check_modules(HIREDIS REQUIRED hiredis)
add_library(hiredis::hiredis INTERFACE IMPORTED)
target_link_libraries(hiredis::hiredis INTERFACE ${HIREDIS_LINK_LIBRARIES})
# rediss:// is spoken where hiredis has TLS: since 1.0, in a header and a library of their own. Debian 12's 0.14 has none.
find_path(HIREDIS_SSL_INCLUDE_DIR hiredis/hiredis_ssl.h)
find_library(HIREDIS_SSL_LIBRARY hiredis_ssl)
set(SIMSWARM_REDIS_TLS 0)
if(HIREDIS_SSL_INCLUDE_DIR AND HIREDIS_SSL_LIBRARY AND HIREDIS_VERSION VERSION_GREATER_EQUAL 1.0)
  set(SIMSWARM_REDIS_TLS 1)
  target_link_libraries(hiredis::hiredis INTERFACE ${HIREDIS_SSL_LIBRARY})
endif()
target_compile_definitions(hiredis::hiredis INTERFACE SIMSWARM_REDIS_TLS=${SIMSWARM_REDIS_TLS})
message(STATUS "Redis over TLS (rediss://): ${SIMSWARM_REDIS_TLS}")

if(NOT TARGET SQLite::SQLite3)  # CMake 4.3 renames it to SQLite3::SQLite3
  add_library(SQLite::SQLite3 INTERFACE IMPORTED)
  target_link_libraries(SQLite::SQLite3 INTERFACE SQLite3::SQLite3)
endif()
