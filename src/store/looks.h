// Questions of people who look at a store.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "store/store.h"

namespace simswarm::store {

// All attempts of a campaign, in no order, without what they printed.
[[nodiscard]] Status each_attempt(Store& store, const std::string& campaign,
                                  const std::function<void(AttemptRecord)>& visit);

struct AttemptName {
  RunKey key;
  int number = 1;
};
// Of one campaign; nothing for one that is not there, or cannot be read.
[[nodiscard]] Result<std::vector<std::optional<AttemptRecord>>> attempts(Store& store, const std::string& campaign,
                                                                         std::span<const AttemptName> names, Part part);

// All builds, the newest first.
[[nodiscard]] Result<std::vector<BuildRecord>> builds(Store& store);

}  // namespace simswarm::store
