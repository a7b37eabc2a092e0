#include "base/cpu.h"

#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <vector>

#include "base/files.h"
#include "base/text.h"

namespace simswarm {
namespace {

using Words = std::vector<std::string_view>;

// Of the first processor.
std::map<std::string, std::string, std::less<>> fields_of(std::string_view cpuinfo) {
  std::map<std::string, std::string, std::less<>> fields;
  for (const std::string_view line : lines(cpuinfo)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      if (!fields.empty()) break;
      continue;
    }
    fields.emplace(trim(line.substr(0, colon)), trim(line.substr(colon + 1)));
  }
  return fields;
}

// As the psABI of x86-64 divides them; each has those before it.
int level_of(const std::string& text) {
  const std::array<Words, 3> levels{
      Words{"cx16", "lahf_lm", "popcnt", "sse4_1", "sse4_2", "ssse3"},
      Words{"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"},
      Words{"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
  };
  const std::vector<std::string_view> words = split(text, ' ');
  const std::set<std::string_view> flags(words.begin(), words.end());
  int level = 1;
  for (const Words& needed : levels) {
    if (!std::all_of(needed.begin(), needed.end(), [&](std::string_view one) { return flags.contains(one); })) break;
    ++level;
  }
  return level;
}

}  // namespace

std::string cpu_kind_of(std::string_view cpuinfo, std::string_view machine) {
  const auto fields = fields_of(cpuinfo);
  const auto field = [&](std::string_view name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string() : found->second;
  };
  if (!field("model name").empty() && !field("flags").empty()) {
    return fmt::format("{} ({}/{}/{}), x86-64-v{}", field("model name"), field("cpu family"), field("model"),
                       field("stepping"), level_of(field("flags")));
  }
  if (!field("CPU part").empty()) {
    return fmt::format("{} {} ({}/{}/{})", machine, field("CPU part"), field("CPU implementer"), field("CPU variant"),
                       field("CPU revision"));
  }
  return field("model name").empty() ? std::string(machine) : field("model name");
}

const std::string& cpu_kind() {
  static const std::string kind = [] {
    utsname machine{};
    (void)::uname(&machine);
    return cpu_kind_of(read_file("/proc/cpuinfo").value_or(""), static_cast<const char*>(machine.machine));
  }();
  return kind;
}

}  // namespace simswarm
