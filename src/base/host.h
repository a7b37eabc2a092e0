// Which computer this is.
#pragma once

#include <string>

namespace simswarm {

// Its name, as campaigns, attempts and live files keep it; «localhost» where the system does not say.
[[nodiscard]] std::string host_name();

}  // namespace simswarm
