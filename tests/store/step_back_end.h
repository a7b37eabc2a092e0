// A back end that tells before and after each thing that it does, so that a program can end there.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "store/back_end.h"

namespace simswarm::store {

// «insert blobs», «inserted blobs», «find …», «found …», «remove …», «removed …», «create file», «write», «wrote»,
// «keep», «kept», «open file», «opened file», «read»: before and after.
using Step = std::function<void(const std::string& name)>;

[[nodiscard]] std::unique_ptr<BackEnd> with_steps(std::unique_ptr<BackEnd> back_end, Step step);

}  // namespace simswarm::store
