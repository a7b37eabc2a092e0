// Expected failures are values of type Error; bugs are exceptions (STYLE: habit 5).
#pragma once

#include <fmt/core.h>

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace simswarm {

// The exit code that simswarm ends with when an error of this kind reaches main.
enum class ExitCode : int {
  kOk = 0,
  kSomeRunsIncomplete = 1,
  kUsage = 2,        // the words of the command, a settings file, a plan that cannot be carried out
  kEnvironment = 3,  // a program, folder or service that is not there or does not answer
  kBuildFailed = 4,
  kInterrupted = 130,
};

// One line for the user: what failed, the offending value, where it stands, what to do.
struct Error {
  ExitCode code = ExitCode::kEnvironment;
  std::string message;
  bool can_retry = false;  // the same call may succeed later
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

template <typename... Args>
[[nodiscard]] tl::unexpected<Error> usage_error(fmt::format_string<Args...> text, Args&&... args) {
  return tl::make_unexpected(Error{ExitCode::kUsage, fmt::format(text, std::forward<Args>(args)...), false});
}

template <typename... Args>
[[nodiscard]] tl::unexpected<Error> environment_error(fmt::format_string<Args...> text, Args&&... args) {
  return tl::make_unexpected(Error{ExitCode::kEnvironment, fmt::format(text, std::forward<Args>(args)...), false});
}

// «WHAT: No such file or directory», from errno.
[[nodiscard]] tl::unexpected<Error> system_error(int error_number, const std::string& what);

// Passes an error on to the caller.
[[nodiscard]] inline tl::unexpected<Error> propagate(Error error) {
  return tl::make_unexpected(std::move(error));
}

}  // namespace simswarm

// SIMSWARM_TRY(auto x, call()): x is the value, or the function returns the error.
#define SIMSWARM_CONCAT_(a, b) a##b
#define SIMSWARM_CONCAT(a, b) SIMSWARM_CONCAT_(a, b)
#define SIMSWARM_TRY_(tmp, target, call)                                      \
  auto tmp = (call);                                                          \
  if (!tmp.has_value()) return ::simswarm::propagate(std::move(tmp).error()); \
  target = std::move(tmp).value()
#define SIMSWARM_TRY(target, call) SIMSWARM_TRY_(SIMSWARM_CONCAT(try_, __LINE__), target, call)
// The same for a call whose value is not wanted.
#define SIMSWARM_CHECK(call)                                                                                   \
  do {                                                                                                         \
    if (auto checked = (call); !checked.has_value()) return ::simswarm::propagate(std::move(checked).error()); \
  } while (false)
