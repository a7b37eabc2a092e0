// The small languages of sweeps: conditions, values, words with placeholders, names made of values.
#include <algorithm>

#include "base/text.h"
#include "fuzz_support.h"
#include "simulator/command.h"
#include "simulator/command_template.h"
#include "simulator/command_text.h"
#include "simulator/expression.h"

namespace simswarm::fuzz {
namespace {

void check_expression(std::string_view input) {
  const std::string text(trim(take_part(input)));
  const auto expression = Expression::parse(text);
  if (!expression) return require(expression.error().message.starts_with("column "), "an error names its column");
  std::vector<std::string_view> values = lines(input);
  values.resize(expression->names().size());
  const auto negation = Expression::parse("!(" + text + ")");
  require(negation.has_value() || text.size() > 100, "what is a condition can be negated");
  const auto holds = expression->holds(values);
  if (!holds || !negation) return;
  const auto not_so = negation->holds(values);
  require(not_so && *not_so == !*holds, "a condition or its negation holds");
}

void check_values(std::string_view text) {
  static_cast<void>(parse_parameter(text));
  if (spells_out_much(text)) return;
  const auto values = parse_values(text);
  if (!values) return;
  require(!values->empty(), "there is a value");
  std::vector<std::string> quoted;
  for (const std::string& value : *values) {
    if (value.find('"') != std::string::npos) return;
    quoted.push_back('"' + value + '"');
  }
  const auto again = parse_values(join(quoted, ", "));
  require(again && *again == *values, "values come back out of their quotes");
  const auto parameter = parse_parameter("p=" + std::string(text));
  require(parameter && parameter->values == *values, "a parameter has its values");
}

void check_template(std::string_view text) {
  const std::vector<std::string> parameters{"nodes", "seed", "iaMean"};
  const auto word = Template::parse(text, "the command", parameters);
  if (!word) return;
  std::string written;
  for (const Piece& piece : word->pieces()) {
    written += replace_all(piece.literal, "{", "{{");
    if (!piece.name.empty()) written += "{" + piece.name + "}";
  }
  const auto again = Template::parse(written, "the command", parameters);
  const auto fill = [](const Piece& piece) { return "<" + piece.name + ">"; };
  require(again && again->render(fill) == word->render(fill), "a word with placeholders comes back");
  require(again->varies() == word->varies() && again->uses(Slot::kSeed) == word->uses(Slot::kSeed),
          "its placeholders too");
}

std::string decoded(std::string_view name) {
  std::string text;
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (name[at] != '%') {
      text.push_back(name[at]);
    } else {
      require(at + 2 < name.size(), "an escape is whole");
      text.push_back(static_cast<char>(std::stoi(std::string(name.substr(at + 1, 2)), nullptr, 16)));
      at += 2;
    }
  }
  return text;
}

void check_names(std::string_view text) {
  const std::string component = safe_component(text);
  require(!component.empty() && component.front() != '.', "a component is no dot");
  require(component.find('/') == std::string::npos && component.find('\0') == std::string::npos, "it is one component");
  require(text.empty() ? component == "%-" : decoded(component) == text, "different texts stay different");
  require(decoded(safe_in_name(text)) == text, "a name tells its text");
  static_cast<void>(is_identifier(text));
}

}  // namespace

void check(std::string_view input) {
  switch (take_choice(input, 4)) {
    case 0:
      return check_expression(input);
    case 1:
      return check_values(trim(input));
    case 2:
      return check_template(input);
    default:
      return check_names(input);
  }
}

}  // namespace simswarm::fuzz
