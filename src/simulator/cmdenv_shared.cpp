#include "simulator/cmdenv_shared.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <unordered_map>

namespace simswarm::cmdenv {
namespace {

// One kind of result file.
struct Kind {
  std::string (*name)(const Writer&);  // empty: the run writes none, or one that no other run can have
  bool (*appends)(const Writer&);
  const char* option;  // that makes runs append; empty: they cannot
};

bool is_shareable(const Writer& writer, const std::string& name) {
  return !writer.names_process && name.find("${runid}") == std::string::npos &&
         name.find("${processid}") == std::string::npos;
}

std::string if_shareable(const Writer& writer, bool written, const std::string& name) {
  return written && is_shareable(writer, name) ? name : std::string();
}

constexpr std::array<Kind, 4> kKinds{{
    {[](const Writer& writer) { return if_shareable(writer, true, writer.files.scalars); },
     [](const Writer& writer) { return writer.appends_scalars; }, "output-scalar-file-append"},
    {[](const Writer& writer) { return if_shareable(writer, true, writer.files.vectors); },
     [](const Writer& writer) { return writer.appends_vectors; }, "output-vector-file-append"},
    {[](const Writer& writer) { return if_shareable(writer, writer.redirects, writer.files.output); },
     [](const Writer&) { return false; }, ""},
    {[](const Writer& writer) { return if_shareable(writer, writer.records_events, writer.files.eventlog); },
     [](const Writer&) { return false; }, ""},
}};

std::string named(std::span<const Writer> writers, const std::vector<std::size_t>& runs) {
  return fmt::format(
      "{} and {}{}", short_name(writers[runs[0]].files.run), short_name(writers[runs[1]].files.run),
      runs.size() > 2 ? fmt::format(" and {} more run{}", runs.size() - 2, runs.size() > 3 ? "s" : "") : std::string());
}

// A process executes the runs of one configuration.
bool is_of_one_config(std::span<const Writer> writers, const std::vector<std::size_t>& runs) {
  return std::all_of(runs.begin(), runs.end(), [&](std::size_t run) {
    return writers[run].files.run.config == writers[runs.front()].files.run.config;
  });
}

// The first run, and the first one of another configuration.
std::string named_across(std::span<const Writer> writers, const std::vector<std::size_t>& runs) {
  const Run& first = writers[runs.front()].files.run;
  const auto other = std::find_if(runs.begin(), runs.end(),
                                  [&](std::size_t run) { return writers[run].files.run.config != first.config; });
  return fmt::format("{} and {}", short_name(first), short_name(writers[*other].files.run));
}

Status refuse(std::span<const Writer> writers, const std::vector<std::size_t>& runs, const std::string& name) {
  if (!is_of_one_config(writers, runs)) {
    return usage_error(
        "{}, of different configurations, would write the same file {}: add --distinct-names to give each run a file "
        "of its own, or ${{configname}} to its name in the ini file",
        named_across(writers, runs), name);
  }
  return usage_error(
      "{} would write the same file {}: add --distinct-names to give each run a file of its own, or "
      "--shared-files=serial if they append to it in order",
      named(writers, runs), name);
}

Status check_serial(std::span<const Writer> writers, const std::vector<std::size_t>& runs, const std::string& name,
                    const Kind& kind) {
  const auto appends = [&](std::size_t run) { return kind.appends(writers[run]); };
  const auto redirects = [&](std::size_t run) { return writers[run].redirects; };
  if (!is_of_one_config(writers, runs)) {
    return usage_error(
        "--shared-files=serial: {}, of different configurations, write the same file {}, and no process executes both: "
        "add ${{configname}} to its name in the ini file, or use --distinct-names",
        named_across(writers, runs), name);
  }
  if (*kind.option == '\0') {
    return usage_error("{} would write the same file {}, and no run appends to such a file: use --distinct-names",
                       named(writers, runs), name);
  }
  if (!std::all_of(runs.begin(), runs.end(), appends)) {
    return usage_error(
        "--shared-files=serial: {} write the same file {}, but each removes what the one before wrote: set "
        "{}=true, or use --distinct-names",
        named(writers, runs), name, kind.option);
  }
  if (!std::all_of(runs.begin(), runs.end(), redirects)) {
    return usage_error(
        "--shared-files=serial: {} run in one process, and tell how each ended in a file of its own only: leave out "
        "--cmdenv-redirect-output=false",
        named(writers, runs));
  }
  return {};
}

// Runs that share files with one another, over all kinds of files.
class Groups {
 public:
  explicit Groups(std::size_t size) : parents_(size) { std::iota(parents_.begin(), parents_.end(), std::size_t{0}); }

  std::size_t root(std::size_t run) {
    while (parents_[run] != run) run = parents_[run] = parents_[parents_[run]];
    return run;
  }
  void join(const std::vector<std::size_t>& runs) {
    for (const std::size_t run : runs) {
      const auto [low, high] = std::minmax({root(runs.front()), root(run)});
      parents_[high] = low;
    }
  }
  std::vector<std::vector<std::size_t>> all() {
    std::map<std::size_t, std::vector<std::size_t>> groups;
    for (std::size_t run = 0; run < parents_.size(); ++run) groups[root(run)].push_back(run);
    std::vector<std::vector<std::size_t>> found;
    for (auto& [root, runs] : groups) {
      if (runs.size() > 1) found.push_back(std::move(runs));
    }
    return found;
  }

 private:
  std::vector<std::size_t> parents_;
};

}  // namespace

Result<std::vector<std::vector<std::size_t>>> find_shared(std::span<const Writer> writers, bool serial) {
  Groups groups(writers.size());
  for (const Kind& kind : kKinds) {
    std::unordered_map<std::string, std::vector<std::size_t>> runs_of;
    for (std::size_t i = 0; i < writers.size(); ++i) {
      if (std::string name = kind.name(writers[i]); !name.empty()) runs_of[std::move(name)].push_back(i);
    }
    for (std::size_t i = 0; i < writers.size(); ++i) {
      const std::string name = kind.name(writers[i]);
      if (name.empty() || runs_of[name].size() < 2 || runs_of[name].front() != i) continue;
      if (!serial) SIMSWARM_CHECK(refuse(writers, runs_of[name], name));
      SIMSWARM_CHECK(check_serial(writers, runs_of[name], name, kind));
      groups.join(runs_of[name]);
    }
  }
  return groups.all();
}

}  // namespace simswarm::cmdenv
