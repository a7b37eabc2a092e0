#include "simulator/command_template.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "simulator/command_text.h"

namespace simswarm {
namespace {

constexpr std::array<std::pair<std::string_view, Slot>, 6> kBuiltIn{{
    {"seed", Slot::kSeed},
    {"repetition", Slot::kRepetition},
    {"run", Slot::kRun},
    {"name", Slot::kName},
    {"point", Slot::kPoint},
    {"results", Slot::kResults},
}};

std::optional<Slot> slot_of(std::string_view name, const std::vector<std::string>& parameters) {
  if (std::find(parameters.begin(), parameters.end(), name) != parameters.end()) return Slot::kParameter;
  for (const auto& [known, slot] : kBuiltIn) {
    if (known == name) return slot;
  }
  return std::nullopt;
}

tl::unexpected<Error> unknown(std::string_view name, std::string_view text, std::string_view where,
                              std::vector<std::string> known) {
  for (const auto& built_in : kBuiltIn) known.emplace_back(built_in.first);
  for (std::string& candidate : known) candidate.insert(0, 1, '{').push_back('}');
  return usage_error("no parameter fills the placeholder {{{}}} in «{}» ({}){}", name, text, where,
                     did_you_mean(fmt::format("{{{}}}", name), known));
}

}  // namespace

Result<Template> Template::parse(std::string_view text, std::string_view where,
                                 const std::vector<std::string>& parameters) {
  Template result;
  result.text_ = text;
  Piece piece;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '{' || text.substr(at).starts_with("{{")) {
      piece.literal.push_back(text[at]);
      if (text[at] == '{') ++at;
      continue;
    }
    const std::size_t end = std::min(text.find('}', at), text.size());
    const std::string_view name = text.substr(at + 1, end - at - 1);
    if (end == text.size() || !is_identifier(name)) {
      return usage_error("«{{» begins a placeholder, and «{}» is none, in «{}» ({}); write «{{{{» for a brace",
                         text.substr(at, end - at + 1), text, where);
    }
    const std::optional<Slot> slot = slot_of(name, parameters);
    if (!slot) return unknown(name, text, where, parameters);
    piece.name = name;
    piece.slot = *slot;
    result.pieces_.push_back(std::exchange(piece, {}));
    at = end;
  }
  if (!piece.literal.empty()) result.pieces_.push_back(std::move(piece));
  return result;
}

bool Template::uses(Slot slot) const {
  return std::any_of(pieces_.begin(), pieces_.end(),
                     [&](const Piece& piece) { return !piece.name.empty() && piece.slot == slot; });
}

bool Template::uses_parameter(std::string_view name) const {
  return std::any_of(pieces_.begin(), pieces_.end(),
                     [&](const Piece& piece) { return piece.name == name && piece.slot == Slot::kParameter; });
}

bool Template::varies() const {
  return std::any_of(pieces_.begin(), pieces_.end(),
                     [](const Piece& piece) { return !piece.name.empty() && piece.slot != Slot::kName; });
}

std::string_view value_in(const Run& run, std::string_view parameter) {
  for (const Variable& variable : run.variables) {
    if (variable.name == parameter) return variable.value;
  }
  return {};
}

}  // namespace simswarm
