#include "base/error.h"

#include <system_error>

namespace simswarm {

tl::unexpected<Error> system_error(int error_number, const std::string& what) {
  const bool can_retry = error_number == EINTR || error_number == EAGAIN || error_number == EBUSY;
  return tl::make_unexpected(
      Error{ExitCode::kEnvironment, what + ": " + std::generic_category().message(error_number), can_retry});
}

}  // namespace simswarm
