// What kind of processor this is: floating-point results may depend on it, since libraries choose their code by it.
#pragma once

#include <string>
#include <string_view>

namespace simswarm {

// «AMD EPYC 7763 64-Core Processor (25/1/1), x86-64-v3»: model, family/model/stepping, level of instructions.
[[nodiscard]] const std::string& cpu_kind();
// The same of a text like /proc/cpuinfo; `machine` (uname -m) is what is said where the text says nothing.
[[nodiscard]] std::string cpu_kind_of(std::string_view cpuinfo, std::string_view machine);

}  // namespace simswarm
