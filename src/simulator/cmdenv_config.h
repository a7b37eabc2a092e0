// One configuration of Cmdenv: a dialect of its own, of which cmdenv_many.h puts several together.
#pragma once

#include <memory>
#include <vector>

#include "simulator/cmdenv.h"
#include "simulator/cmdenv_shared.h"
#include "simulator/cmdenv_traits.h"
#include "simulator/cmdenv_words.h"

namespace simswarm::cmdenv {

class OneConfig : public Dialect {
 public:
  // Asks the program for the runs, and nothing else: list_runs() goes on from there, or asks itself.
  [[nodiscard]] virtual Status ask() = 0;
  // After ask().
  [[nodiscard]] virtual const Traits& traits() const = 0;
  // Why ask() failed: the user's filter does not fit the configuration, which has nothing else amiss.
  [[nodiscard]] virtual bool filter_missed() const = 0;
  // The sections that it is made of, itself first; none where the program does not say. Works for broken ones, too.
  [[nodiscard]] virtual std::vector<std::string> sections() const = 0;
  // What each run writes, in the order of list_runs().
  [[nodiscard]] virtual std::vector<Writer> writers() const = 0;
};

[[nodiscard]] std::unique_ptr<OneConfig> make_one_config(CmdenvRequest request, Words words);

}  // namespace simswarm::cmdenv
