// What a job of the queue asks a worker to do, and how that is written: doc/formats.md, «Jobs».
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.h"
#include "base/files.h"
#include "exec/executor.h"
#include "simulator/cmdenv.h"
#include "simulator/command.h"

namespace simswarm::worker {

// What the runs see lies in a store, and their results go there.
struct StoredStudy {
  Digest artifact;                          // of its tar
  Digest plan;                              // a blob: the keys of the runs by position, 32 bytes each
  std::map<std::string, Digest> objects{};  // libraries outside of it, by path: this machine must have the same
};

// What the runs of a campaign have in common: a program, where it runs, and which runs there are.
struct StudySpec {
  // Working folder, and where results are put: absolute, as workers see it; of a stored study relative to its artifact.
  fs::path folder;
  std::variant<SweepSpec, CmdenvRequest> kind;
  exec::Limits limits{};
  std::optional<double> stall{};            // seconds
  std::optional<std::size_t> batch_size{};  // runs a process; nothing: as many as pay
  std::optional<StoredStudy> stored{};
  std::vector<Brought> brought{};  // variables of its programs; also in `kind`
  fs::path seen_at{};  // absolute: where the top of the artifact lay where the study comes from; may be empty
  bool same_cpu =
      false;  // all runs on one kind of processor, that of the worker who has the first; only where `stored`
};

inline constexpr int kJobProtocol = 1;
inline constexpr std::string_view kRunFunction = "simswarm.run";
inline constexpr std::string_view kNothingFunction = "simswarm.nothing";

// As JSON: the manifest of a campaign, and the named arguments of a job that says all itself.
[[nodiscard]] std::string to_json(const StudySpec& spec);
// An error says which field is wrong.
[[nodiscard]] Result<StudySpec> parse_study(std::string_view json);
// `run_as`: uid and gid that the program is asked as.
[[nodiscard]] Result<std::unique_ptr<Dialect>> make_dialect(const StudySpec& spec,
                                                            const std::optional<std::pair<unsigned, unsigned>>& run_as);

// The payload of the run at a position of a campaign; 64 bytes at most for a ULID and up to 8 digits.
[[nodiscard]] std::string payload_of(std::string_view campaign, std::size_t position);
// Of a job that says all itself.
[[nodiscard]] std::string payload_of(const StudySpec& spec, std::size_t position);

// One run of a study.
struct Assignment {
  bool is_nothing = false;   // there is nothing to do
  std::string campaign;      // whose manifest says what the study is; empty: `study` does
  std::string study;         // JSON
  std::size_t position = 0;  // in the study's list of runs
};
// The payload of a job; functions that are not ours are refused.
[[nodiscard]] Result<Assignment> parse_payload(std::string_view payload);

}  // namespace simswarm::worker
