#include "simulator/expression.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <compare>
#include <cstdint>

namespace simswarm {
namespace {

constexpr int kDeepest = 200;             // parentheses and signs within each other
constexpr std::size_t kLongest = 10'000;  // bytes
constexpr std::size_t kMostNodes = 1000;  // values and operators; a chain of operators is as deep as it is long

enum Op : int {
  kLiteral,
  kVariable,
  kNot,
  kNegate,
  kOr,
  kAnd,
  kEqual,
  kNotEqual,
  kLessEqual,
  kGreaterEqual,
  kLess,
  kGreater,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kRemainder,
};

struct Binary {
  std::string_view sign;
  Op op;
  int binds;  // the higher, the tighter
};

constexpr int kEquality = 3;
constexpr int kOrdering = 4;
// A sign stands before those that it begins with.
constexpr std::array<Binary, 13> kBinaries{{
    {"||", kOr, 1},
    {"&&", kAnd, 2},
    {"==", kEqual, kEquality},
    {"!=", kNotEqual, kEquality},
    {"<=", kLessEqual, kOrdering},
    {">=", kGreaterEqual, kOrdering},
    {"<", kLess, kOrdering},
    {">", kGreater, kOrdering},
    {"+", kAdd, 5},
    {"-", kSubtract, 5},
    {"*", kMultiply, 6},
    {"/", kDivide, 6},
    {"%", kRemainder, 6},
}};

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_word(char c) {
  return is_letter(c) || is_digit(c);
}

tl::unexpected<Error> error_at(std::size_t column, std::string_view what) {
  return usage_error("column {}: {}", column, what);
}

// A value while it is computed: a text, which may be a number with or without a unit, or a computed number.
struct Value {
  std::string_view text;  // empty for a computed number
  std::string_view unit;
  double number = 0;
  bool numeric = false;
  bool computed = false;
};

Value number_value(double number) {
  return {.text = {}, .unit = {}, .number = number, .numeric = true, .computed = true};
}

Value text_value(std::string_view text) {
  Value value{.text = text, .unit = {}, .number = 0, .numeric = false, .computed = false};
  if (text == "true" || text == "false") {
    value.number = text == "true" ? 1 : 0;
    value.numeric = true;
    return value;
  }
  const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  if (digits.size() <= first || (!is_digit(digits[first]) && digits[first] != '.')) return value;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value.number);
  if (parsed.ec != std::errc()) return value;
  value.unit = digits.substr(static_cast<std::size_t>(parsed.ptr - digits.data()));
  value.numeric = std::all_of(value.unit.begin(), value.unit.end(), [](char c) { return is_letter(c) && c != '_'; });
  return value;
}

std::string shown(const Value& value) {
  return value.computed ? fmt::format("{}", value.number) : std::string(value.text);
}

}  // namespace

// Recursive descent; binary operators by precedence climbing.
class ExpressionParser {
 public:
  explicit ExpressionParser(std::string_view text) { result_.text_ = text; }

  Result<Expression> run() {
    if (text().size() > kLongest) return error_at(1, fmt::format("more than {} bytes", kLongest));
    SIMSWARM_CHECK(binary(1));
    skip_spaces();
    if (at_ < text().size()) return unexpected_text();
    if (result_.nodes_.size() > kMostNodes)
      return error_at(1, fmt::format("more than {} values and operators", kMostNodes));
    return std::move(result_);
  }

 private:
  using Index = std::size_t;

  [[nodiscard]] std::string_view text() const { return result_.text_; }
  [[nodiscard]] std::string_view rest() const { return text().substr(at_); }

  void skip_spaces() {
    while (at_ < text().size() && is_space(text()[at_])) ++at_;
  }

  bool take(std::string_view sign) {
    skip_spaces();
    if (!rest().starts_with(sign)) return false;
    at_ += sign.size();
    return true;
  }

  tl::unexpected<Error> unexpected_text() {
    if (rest().starts_with("=~")) return error_at(at_ + 1, "«=~» is not known here; compare with == or !=");
    if (rest().starts_with('=')) return error_at(at_ + 1, "«=» compares nothing; did you mean «==»?");
    if (rest().starts_with('&') || rest().starts_with('|')) {
      return error_at(at_ + 1, fmt::format("«{0}» is not known here; did you mean «{0}{0}»?", rest().front()));
    }
    const auto end = std::find_if(rest().begin(), rest().end(), is_space);
    return error_at(at_ + 1, fmt::format("an operator was expected, not «{}»", std::string(rest().begin(), end)));
  }

  Index add(Op op, std::size_t column, Index left, Index right, std::string literal = {}) {
    result_.nodes_.push_back({op, column, left, right, std::move(literal)});
    return result_.nodes_.size() - 1;
  }

  const Binary* next_binary(int loosest) {
    skip_spaces();
    for (const Binary& candidate : kBinaries) {
      if (rest().starts_with(candidate.sign)) return candidate.binds >= loosest ? &candidate : nullptr;
    }
    return nullptr;
  }

  Result<Index> binary(int loosest) {
    SIMSWARM_TRY(Index left, unary());
    int last_binds = 0;
    while (const Binary* found = next_binary(loosest)) {
      const std::size_t column = at_ + 1;
      if (found->binds == last_binds && (last_binds == kOrdering || last_binds == kEquality)) {
        return error_at(column, "comparisons do not chain; write «a < b && b < c»");
      }
      at_ += found->sign.size();
      SIMSWARM_TRY(const Index right, binary(found->binds + 1));
      left = add(found->op, column, left, right);
      last_binds = found->binds;
    }
    return left;
  }

  Result<Index> unary() {
    skip_spaces();
    const std::size_t column = at_ + 1;
    if (++depth_ > kDeepest) return error_at(column, "too many parentheses or signs within each other");
    Result<Index> value = unary_or_primary(column);
    --depth_;
    return value;
  }

  Result<Index> unary_or_primary(std::size_t column) {
    const bool negation = take("!");
    if (!negation && !take("-")) return take("+") ? unary() : primary();
    SIMSWARM_TRY(const Index operand, unary());
    return add(negation ? kNot : kNegate, column, operand, 0);
  }

  Result<Index> primary() {
    skip_spaces();
    const std::size_t column = at_ + 1;
    if (at_ == text().size()) return error_at(column, "a value was expected, but the text ends");
    const char c = text()[at_];
    if (c == '(') return parenthesis(column);
    if (c == '"' || c == '\'') return quoted(column);
    if (c == '$' || is_letter(c)) return variable(column);
    if (is_digit(c) || c == '.') return number(column);
    return error_at(column, fmt::format("a value was expected, not «{}»", c));
  }

  Result<Index> parenthesis(std::size_t column) {
    ++at_;
    SIMSWARM_TRY(const Index inner, binary(1));
    if (!take(")")) return error_at(column, "this parenthesis is not closed");
    return inner;
  }

  Result<Index> quoted(std::size_t column) {
    const char quote = text()[at_++];
    std::string literal;
    while (at_ < text().size() && text()[at_] != quote) {
      if (text()[at_] == '\\' && at_ + 1 < text().size()) ++at_;
      literal.push_back(text()[at_++]);
    }
    if (at_ == text().size()) return error_at(column, "this quote is not closed");
    ++at_;
    return add(kLiteral, column, 0, 0, std::move(literal));
  }

  std::string word() {
    const std::size_t start = at_;
    while (at_ < text().size() && is_word(text()[at_])) ++at_;
    return std::string(text().substr(start, at_ - start));
  }

  Result<Index> variable(std::size_t column) {
    const bool dollar = text()[at_] == '$';
    if (dollar) ++at_;
    const bool braces = dollar && take("{");
    std::string name = word();
    if (name.empty() || (braces && !take("}"))) return error_at(column, "a variable's name was expected after «$»");
    if (!dollar && (name == "true" || name == "false")) return add(kLiteral, column, 0, 0, std::move(name));
    auto& names = result_.names_;
    auto found = std::find_if(names.begin(), names.end(), [&](const auto& known) { return known.name == name; });
    if (found == names.end()) found = names.insert(found, {std::move(name), column});
    return add(kVariable, column, static_cast<Index>(found - names.begin()), 0);
  }

  Result<Index> number(std::size_t column) {
    double ignored = 0;
    const auto parsed = std::from_chars(rest().data(), rest().data() + rest().size(), ignored);
    if (parsed.ec != std::errc()) return error_at(column, "this is no number");
    const std::size_t start = at_;
    at_ += static_cast<std::size_t>(parsed.ptr - rest().data());
    word();  // a unit
    const std::string_view literal = text().substr(start, at_ - start);
    if (!text_value(literal).numeric)
      return error_at(column, fmt::format("«{}» is no number; a text stands in quotes", literal));
    return add(kLiteral, column, 0, 0, std::string(literal));
  }

  Expression result_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

Result<Expression> Expression::parse(std::string_view text) {
  return ExpressionParser(text).run();
}

namespace {

class Evaluation {
 public:
  Evaluation(const std::vector<Expression::Node>& nodes, std::span<const std::string_view> values)
      : nodes_(nodes), values_(values) {}

  Result<Value> value(std::size_t index) const {
    const Expression::Node& node = nodes_[index];
    switch (node.op) {
      case kLiteral:
        return text_value(node.text);
      case kVariable:
        return text_value(values_[node.left]);
      case kAnd:
      case kOr:
        return logical(node);
      case kNot:
        return negated(node);
      case kNegate:
      case kAdd:
      case kSubtract:
      case kMultiply:
      case kDivide:
      case kRemainder:
        return arithmetic(node);
      default:
        return comparison(node);
    }
  }

  Result<bool> truth(std::size_t index) const {
    SIMSWARM_TRY(const double number, plain_number(index));
    return number != 0;
  }

 private:
  Result<double> plain_number(std::size_t index) const {
    SIMSWARM_TRY(const Value found, value(index));
    if (found.numeric && found.unit.empty()) return found.number;
    return error_at(nodes_[index].column, fmt::format("«{}» is a text where a number is needed", shown(found)));
  }

  Result<Value> logical(const Expression::Node& node) const {
    SIMSWARM_TRY(const bool left, truth(node.left));
    if (left == (node.op == kOr)) return number_value(left ? 1 : 0);
    SIMSWARM_TRY(const bool right, truth(node.right));
    return number_value(right ? 1 : 0);
  }

  Result<Value> negated(const Expression::Node& node) const {
    SIMSWARM_TRY(const bool operand, truth(node.left));
    return number_value(operand ? 0 : 1);
  }

  Result<Value> arithmetic(const Expression::Node& node) const {
    SIMSWARM_TRY(const double left, plain_number(node.left));
    if (node.op == kNegate) return number_value(-left);
    SIMSWARM_TRY(const double right, plain_number(node.right));
    if ((node.op == kDivide || node.op == kRemainder) && right == 0) return error_at(node.column, "division by zero");
    switch (node.op) {
      case kAdd:
        return number_value(left + right);
      case kSubtract:
        return number_value(left - right);
      case kMultiply:
        return number_value(left * right);
      case kDivide:
        return number_value(left / right);
      default:
        return number_value(std::fmod(left, right));
    }
  }

  Result<Value> comparison(const Expression::Node& node) const {
    SIMSWARM_TRY(const Value left, value(node.left));
    SIMSWARM_TRY(const Value right, value(node.right));
    const bool equality = node.op == kEqual || node.op == kNotEqual;
    if (left.numeric && right.numeric && left.unit != right.unit && !equality) {
      return error_at(node.column, fmt::format("«{}» and «{}» are not of one unit", shown(left), shown(right)));
    }
    const bool as_numbers = left.numeric && right.numeric && left.unit == right.unit;
    return number_value(satisfies(node.op, as_numbers ? left.number <=> right.number : by_text(left, right)) ? 1 : 0);
  }

  static std::partial_ordering by_text(const Value& left, const Value& right) {
    if (left.computed || right.computed) return shown(left) <=> shown(right);
    return left.text <=> right.text;
  }

  static bool satisfies(int op, std::partial_ordering order) {
    switch (op) {
      case kEqual:
        return order == 0;
      case kNotEqual:
        return order != 0;
      case kLess:
        return order < 0;
      case kLessEqual:
        return order <= 0;
      case kGreater:
        return order > 0;
      default:
        return order >= 0;
    }
  }

  const std::vector<Expression::Node>& nodes_;
  std::span<const std::string_view> values_;
};

}  // namespace

Result<bool> Expression::holds(std::span<const std::string_view> values) const {
  return Evaluation(nodes_, values).truth(nodes_.size() - 1);
}

}  // namespace simswarm
