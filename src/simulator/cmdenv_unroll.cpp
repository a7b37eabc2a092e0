#include "simulator/cmdenv_unroll.h"

#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"

namespace simswarm::cmdenv {
namespace {

constexpr double kShare = 0.1;          // of the work that unrolling may be
constexpr std::size_t kMostParts = 10;  // that are proposed

struct Seen {
  std::set<std::string> values;
  std::string last;
  std::size_t turns = 0;  // how often the value changes from one run to the next
};

bool is_unnamed(const std::string& variable) {
  return variable.find_first_not_of("0123456789") == std::string::npos;
}

std::string cost_of(const Unrolling& unrolling) {
  return fmt::format(
      "each process unrolls the study «{}» to find its run: {:.2g} s of computing a run, {} for {} runs; that is more "
      "than a tenth of the work where a run takes less than {}",
      unrolling.config, unrolling.seconds, human_duration(unrolling.seconds * static_cast<double>(unrolling.runs)),
      unrolling.runs, human_duration(unrolling.seconds / kShare));
}

std::string split_repetitions(std::size_t count) {
  const std::size_t step = std::max<std::size_t>(1, (count + kMostParts - 1) / kMostParts);
  return fmt::format(
      "to split it, run a campaign for each part of its repetitions: --repeat={0} '--seed-set=${{repetition}}+K' "
      "--result-dir=results/K, with K = 0, {0}, {1}, …",
      step, 2 * step);
}

std::string split_variable(const Unrolling& unrolling, const Loop& loop) {
  const std::string seeds =
      !unrolling.seeds_by_number ? ""
      : loop.is_outermost ? "; seed-set = ${runnumber}+N, where N is the number of runs in the parts before, keeps the "
                            "seeds"
                          : "; seeds go by run number and change with that, unless seed-set says otherwise";
  return fmt::format(
      "to split it, take the entry with ${{{0}=…}} ({1} values) out of [{2}], put it with some of the values each into "
      "{3} configurations [{2}-1], [{2}-2], … with extends = {2}, and call them together: -c {2}-1 -c {2}-2 …{4}",
      loop.variable, loop.values, unrolling.config, std::min(loop.values, kMostParts), seeds);
}

}  // namespace

std::optional<Loop> loop_to_split(std::span<const Run* const> runs) {
  std::map<std::string, Seen> seen;
  std::int64_t repetitions = 0;
  for (const Run* run : runs) {
    repetitions = std::max(repetitions, run->repetition + 1);
    for (const Variable& variable : run->variables) {
      if (is_unnamed(variable.name)) continue;
      Seen& entry = seen[variable.name];
      if (entry.values.empty() || entry.last != variable.value) {
        ++entry.turns;
        entry.last = variable.value;
        entry.values.insert(variable.value);
      }
    }
  }
  std::optional<Loop> best;
  std::size_t turns = 0;
  for (const auto& [name, entry] : seen) {
    if (entry.values.size() < 2 || (best && entry.turns >= turns)) continue;
    best = Loop{name, entry.values.size(), entry.turns == entry.values.size()};
    turns = entry.turns;
  }
  // Repetitions are numbered anew in each part, which is the same only where nothing else varies.
  if (!best && repetitions > 1 && static_cast<std::size_t>(repetitions) == runs.size()) {
    best = Loop{"", static_cast<std::size_t>(repetitions), true};
  }
  return best;
}

std::string split_proposal(const Unrolling& unrolling) {
  if (!unrolling.loop)
    return cost_of(unrolling) + "; to split it, make several configurations of it, each with some of the values";
  return cost_of(unrolling) + "; " +
         (unrolling.loop->variable.empty() ? split_repetitions(unrolling.loop->values)
                                           : split_variable(unrolling, *unrolling.loop));
}

bool is_worth_a_word(double seconds) {
  constexpr double kRun = 1;  // seconds
  return seconds > kShare * kRun;
}

double seconds_of_children() {
  rusage usage{};
  if (::getrusage(RUSAGE_CHILDREN, &usage) != 0) return 0;
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace simswarm::cmdenv
