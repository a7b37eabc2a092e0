// The words of the field: what a run is, before it has run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/error.h"

namespace simswarm {

// An iteration variable and its value in one run, as text (the way the program or the settings give it).
struct Variable {
  std::string name;  // without «$»
  std::string value;
  friend bool operator==(const Variable&, const Variable&) = default;
};

// One run of a study. Its number may move when the study changes; its key may not (see RunKey).
struct Run {
  std::string config;               // configuration name; for a sweep the sweep's name
  std::int64_t number = 0;          // the program's own run number; for a sweep the index of the point
  std::vector<Variable> variables;  // iteration variables, in the order of the study; without the repetition
  std::int64_t repetition = 0;
  std::string seed_set;  // as the program gives it; for a sweep the seed, or empty
  friend bool operator==(const Run&, const Run&) = default;
};

// «Config#7»: short, unique within one study.
[[nodiscard]] std::string short_name(const Run& run);
// «Config:numHosts=10,iaMean=2,#0»: by iteration variables and repetition; stays when numbers move.
[[nodiscard]] std::string long_name(const Run& run);

// Digest of all that the run can see. Equal keys: equal results, so a known result is not run again.
struct RunKey {
  Digest digest;
  friend auto operator<=>(const RunKey&, const RunKey&) = default;
};

// What the user calls one or more runs: «Config#N», «Config:var=x,#rep», «#N», or the first digits of a key.
class RunSelector {
 public:
  [[nodiscard]] static Result<RunSelector> parse(std::string_view text);
  [[nodiscard]] bool matches(const Run& run, const RunKey& key) const;

 private:
  std::string text_;
  std::string config_;                      // empty: any
  std::optional<std::int64_t> number_;      // «#N» directly after the configuration
  std::vector<Variable> variables_;         // after «:»
  std::optional<std::int64_t> repetition_;  // «#rep» after «:»
  std::string key_prefix_;
};

// A named part of what makes a key, kept so that `explain` can say which part changed.
struct KeyPart {
  std::string name;  // «program», «libraries», «ned», «ini», «data», «arguments», «environment», «run», …
  std::string value;  // digest, or short text
  friend bool operator==(const KeyPart&, const KeyPart&) = default;
};

[[nodiscard]] RunKey key_of(const std::vector<KeyPart>& parts);

// Keys that begin with the same parts, which are digested once.
class KeyMaker {
 public:
  explicit KeyMaker(const std::vector<KeyPart>& common);
  [[nodiscard]] RunKey key_of(const std::vector<KeyPart>& own) const;

 private:
  Hasher begun_;
};

}  // namespace simswarm
