#include "model/run.h"

#include <algorithm>

#include "base/text.h"

namespace simswarm {

std::string short_name(const Run& run) {
  return fmt::format("{}#{}", run.config, run.number);
}

std::string long_name(const Run& run) {
  std::string name = run.config + ":";
  for (const Variable& variable : run.variables) name += fmt::format("{}={},", variable.name, variable.value);
  return name + fmt::format("#{}", run.repetition);
}

namespace {

constexpr std::size_t kFewestKeyDigits = 6;

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

tl::unexpected<Error> no_run_name(std::string_view text) {
  return usage_error(
      "«{}» names no run; a run is Config#N, Config:variable=value,#repetition, or the first {} or more digits of its "
      "key",
      text, kFewestKeyDigits);
}

}  // namespace

Result<RunSelector> RunSelector::parse(std::string_view text) {
  RunSelector selector;
  selector.text_ = text;
  if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    selector.config_ = text.substr(0, colon);
    for (const std::string_view raw : split(text.substr(colon + 1), ',')) {
      const std::string_view part = trim(raw);
      const auto equals = part.find('=');
      const auto repetition = part.starts_with('#') ? parse_int(part.substr(1)) : std::nullopt;
      if (repetition) {
        selector.repetition_ = repetition;
      } else if (equals == std::string_view::npos) {
        if (part.empty()) continue;
        if (selector.variables_.empty()) return no_run_name(text);
        selector.variables_.back().value.append(",").append(raw);  // a value with a comma: «a=uniform(0,1)»
      } else {
        const std::string_view name = part.front() == '$' ? part.substr(1, equals - 1) : part.substr(0, equals);
        selector.variables_.push_back({std::string(name), std::string(part.substr(equals + 1))});
      }
    }
    return selector;
  }
  if (const auto hash = text.rfind('#'); hash != std::string_view::npos) {
    selector.config_ = text.substr(0, hash);
    selector.number_ = parse_int(text.substr(hash + 1));
    if (!selector.number_) return no_run_name(text);
    return selector;
  }
  if (text.size() < kFewestKeyDigits || text.size() > 64 || !is_hex(text)) return no_run_name(text);
  selector.key_prefix_ = text;
  return selector;
}

bool RunSelector::matches(const Run& run, const RunKey& key) const {
  if (!key_prefix_.empty()) return key.digest.hex().starts_with(key_prefix_);
  if (text_ == long_name(run)) return true;  // whatever its values hold
  if (!config_.empty() && config_ != run.config) return false;
  if (number_ && *number_ != run.number) return false;
  if (repetition_ && *repetition_ != run.repetition) return false;
  return std::all_of(variables_.begin(), variables_.end(), [&](const Variable& wanted) {
    return std::find(run.variables.begin(), run.variables.end(), wanted) != run.variables.end();
  });
}

RunKey key_of(const std::vector<KeyPart>& parts) {
  return KeyMaker({}).key_of(parts);
}

KeyMaker::KeyMaker(const std::vector<KeyPart>& common) {
  for (const KeyPart& part : common) begun_.field(part.name).field(part.value);
}

RunKey KeyMaker::key_of(const std::vector<KeyPart>& own) const {
  Hasher hasher(begun_);
  for (const KeyPart& part : own) hasher.field(part.name).field(part.value);
  return RunKey{hasher.finish()};
}

}  // namespace simswarm
