#include "expression.h"

#include <array>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <map>
#include <string_view>

#include "text.h"

namespace cmdsim {
namespace {

double unitFactor(const std::string& unit) {
  static const std::map<std::string, double> factors = {
      {"s", 1},     {"ms", 1e-3}, {"us", 1e-6},  {"ns", 1e-9},     {"ps", 1e-12}, {"min", 60}, {"h", 3600},
      {"d", 86400}, {"B", 1},     {"KiB", 1024}, {"MiB", 1048576}, {"kB", 1e3},   {"MB", 1e6}, {"b", 1},
      {"byte", 8},  {"bytes", 8}, {"bps", 1},    {"kbps", 1e3},    {"Mbps", 1e6}, {"m", 1},    {"km", 1e3}};
  const auto found = factors.find(unit);
  if (found == factors.end()) throw SimulationError("Unknown unit '" + unit + "'");
  return found->second;
}

class Parser {
 public:
  explicit Parser(const std::string& text) : text_(text) {}

  Value whole() {
    Value value = conditional();
    skipSpace();
    if (at_ != text_.size()) throw SimulationError("Syntax error: unexpected '" + text_.substr(at_, 1) + "'");
    return value;
  }

 private:
  void skipSpace() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }

  bool take(std::string_view token) {
    skipSpace();
    if (text_.compare(at_, token.size(), token) != 0) return false;
    at_ += token.size();
    return true;
  }

  static bool truth(const Value& value) {
    if (const bool* flag = std::get_if<bool>(&value)) return *flag;
    throw SimulationError("Boolean expected");
  }

  static double numeric(const Value& value) {
    if (const double* plain = std::get_if<double>(&value)) return *plain;
    throw SimulationError("Number expected");
  }

  Value conditional() {
    Value condition = disjunction();
    if (!take("?")) return condition;
    const Value yes = conditional();
    if (!take(":")) throw SimulationError("Syntax error: ':' expected");
    const Value no = conditional();
    return truth(condition) ? yes : no;
  }

  Value disjunction() {
    Value left = conjunction();
    while (take("||")) {
      const Value right = conjunction();
      left = truth(left) || truth(right);
    }
    return left;
  }

  Value conjunction() {
    Value left = comparison();
    while (take("&&")) {
      const Value right = comparison();
      left = truth(left) && truth(right);
    }
    return left;
  }

  Value comparison() {
    static constexpr std::array<std::string_view, 7> kOperators = {"==", "!=", "<=", ">=", "<", ">", "="};
    Value left = sum();
    for (const std::string_view op : kOperators) {
      if (take(op)) return compare(left, op, sum());
    }
    return left;
  }

  static bool compare(const Value& left, std::string_view op, const Value& right) {
    if (left.index() != right.index()) throw SimulationError("Cannot compare values of different types");
    if (op == "==" || op == "=") return left == right;
    if (op == "!=") return left != right;
    if (op == "<=") return left <= right;
    if (op == ">=") return left >= right;
    return op == "<" ? left < right : left > right;
  }

  Value sum() {
    Value left = product();
    for (;;) {
      if (take("+")) {
        const Value right = product();
        if (std::holds_alternative<std::string>(left) && std::holds_alternative<std::string>(right)) {
          left = std::get<std::string>(left) + std::get<std::string>(right);
        } else {
          left = numeric(left) + numeric(right);
        }
      } else if (take("-")) {
        left = numeric(left) - numeric(product());
      } else {
        return left;
      }
    }
  }

  Value product() {
    Value left = unary();
    for (;;) {
      if (take("*")) {
        left = numeric(left) * numeric(unary());
      } else if (take("/")) {
        left = numeric(left) / numeric(unary());
      } else if (take("%")) {
        left = std::fmod(numeric(left), numeric(unary()));
      } else {
        return left;
      }
    }
  }

  Value unary() {
    if (take("-")) return -numeric(unary());
    if (take("!")) return !truth(unary());
    return primary();
  }

  Value primary() {
    if (take("(")) {
      Value inner = conditional();
      if (!take(")")) throw SimulationError("Syntax error: ')' expected");
      return inner;
    }
    skipSpace();
    if (at_ == text_.size()) throw SimulationError("Syntax error: unexpected end of text");
    const char c = text_[at_];
    if (c == '"') return literal();
    if (std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.') return quantity();
    const std::string name = word();
    if (name == "true") return true;
    if (name == "false") return false;
    throw SimulationError(name.empty() ? "Syntax error: unexpected '" + std::string(1, c) + "'"
                                       : "No such variable: '" + name + "'");
  }

  std::string word() {
    const size_t begin = at_;
    while (at_ < text_.size() && isNameChar(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  Value literal() {
    const size_t begin = at_++;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) throw SimulationError("Syntax error: unterminated string");
    return unquote(text_.substr(begin, ++at_ - begin));
  }

  /// `2`, `1.5s`, `1h 20min`.
  Value quantity() {
    double total = 0;
    for (;;) {
      char* end = nullptr;
      const double value = std::strtod(text_.c_str() + at_, &end);
      at_ = static_cast<size_t>(end - text_.c_str());
      skipSpace();
      const std::string unit = word();
      total += unit.empty() ? value : value * unitFactor(unit);
      skipSpace();
      if (unit.empty() || at_ >= text_.size() || std::isdigit(static_cast<unsigned char>(text_[at_])) == 0)
        return total;
    }
  }

  const std::string& text_;
  size_t at_ = 0;
};

}  // namespace

Value evaluate(const std::string& expression) {
  try {
    return Parser(expression).whole();
  } catch (const SimulationError& e) {
    throw SimulationError("Cannot evaluate expression '" + expression + "': " + e.what());
  }
}

bool evaluateBool(const std::string& expression) {
  const Value value = evaluate(expression);
  if (const bool* flag = std::get_if<bool>(&value)) return *flag;
  throw SimulationError("bool expected in the expression '" + expression + "'");
}

double evaluateNumber(const std::string& expression) {
  const Value value = evaluate(expression);
  if (const double* plain = std::get_if<double>(&value)) return *plain;
  throw SimulationError("number expected in the expression '" + expression + "'");
}

std::string substituteDollars(const std::string& text, const std::function<std::string(const std::string&)>& lookUp) {
  std::string result;
  for (size_t at = 0; at < text.size();) {
    const bool braced = text.compare(at, 2, "${") == 0;
    const size_t begin = at + (braced ? 2 : 1);
    size_t end = begin;
    while (text[at] == '$' && end < text.size() && isNameChar(text[end])) ++end;
    if (text[at] != '$' || end == begin || (braced && (end == text.size() || text[end] != '}'))) {
      result += text[at++];
      continue;
    }
    result += lookUp(text.substr(begin, end - begin));
    at = end + (braced ? 1 : 0);
  }
  return result;
}

}  // namespace cmdsim
