// Conditions over the variables of a run: «nodes < 20 || seed == 1», «$iaMean == 2 && $mode != "fast"».
// Numbers, texts in quotes, variables (bare, $name or ${name}), + - * / %, comparisons, && || !, parentheses, true,
// false. Nothing is called and nothing is read but the given values.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace simswarm {

class Expression {
 public:
  // A variable that the text names, and where it does first (columns count bytes from 1).
  struct Name {
    std::string name;
    std::size_t column = 1;
  };

  // The error names the column and what is wrong there.
  [[nodiscard]] static Result<Expression> parse(std::string_view text);

  [[nodiscard]] const std::string& text() const { return text_; }
  // Each name once, in the order of their first use.
  [[nodiscard]] const std::vector<Name>& names() const { return names_; }

  // values[i] stands for names()[i]. Two sides that are numbers compare as numbers, also with a unit when it is the
  // same («2s» < «10s»); everything else compares as text. An error where a number is needed and there is none.
  [[nodiscard]] Result<bool> holds(std::span<const std::string_view> values) const;

  // The parsed form; only expression.cpp knows what it means.
  struct Node {
    int op = 0;
    std::size_t column = 1;
    std::size_t left = 0;   // index of a node; for a variable the index of its name
    std::size_t right = 0;  // index of a node
    std::string text;       // of a literal
  };

 private:
  friend class ExpressionParser;
  std::string text_;
  std::vector<Name> names_;
  std::vector<Node> nodes_;  // children before parents; the last is the root
};

}  // namespace simswarm
