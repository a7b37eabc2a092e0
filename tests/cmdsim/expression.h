#pragma once

#include <functional>
#include <string>
#include <variant>

namespace cmdsim {

using Value = std::variant<double, bool, std::string>;

/// Numbers (with units: seconds and bytes are the base), strings, booleans; `?:`, `||`, `&&`, comparisons, arithmetic.
/// Throws SimulationError.
Value evaluate(const std::string& expression);
bool evaluateBool(const std::string& expression);
double evaluateNumber(const std::string& expression);

/// Replaces `$name` and `${name}` by what `lookUp` says.
std::string substituteDollars(const std::string& text, const std::function<std::string(const std::string&)>& lookUp);

}  // namespace cmdsim
