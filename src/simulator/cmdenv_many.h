// Several configurations as one study: a dialect over one for each of them. The runs of each have the same keys as when
// it is asked alone.
#pragma once

#include <memory>

#include "simulator/cmdenv.h"
#include "simulator/cmdenv_words.h"

namespace simswarm::cmdenv {

// Those that `words` name, or all of the ini files.
[[nodiscard]] std::unique_ptr<Dialect> make_many_configs(CmdenvRequest request, Words words);

}  // namespace simswarm::cmdenv
