// What a client asks a builder for: build these sources, list the runs of this study, and queue them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/error.h"
#include "model/brought.h"
#include "model/run.h"

namespace simswarm::campaign {

inline constexpr int kBuildProtocol = 1;
inline constexpr std::string_view kBuildFunction = "simswarm.build";
inline constexpr std::string_view kBuildQueue = "build";

// doc/formats.md, «Builds». Paths are relative to the top of the tree, «.» for itself.
struct BuildRequest {
  std::string campaign;  // ULID
  std::string name;
  std::string host;     // of the client
  std::string project;  // what is the same for the same checkout of the same user: names the warm checkout
  std::string tree;     // source::TreeId
  std::string top;      // absolute: where its top lies there
  std::vector<std::string> roots;
  std::string folder;  // working folder
  // How to build.
  std::vector<std::vector<std::string>> steps;  // stated; empty: they are found
  std::string steps_folder;
  std::string mode = "release";
  std::string image;                 // of the toolchain; empty: any
  std::vector<Brought> environment;  // of build and runs
  // What to run.
  std::string study;                         // worker::StudySpec, not stored yet
  std::vector<std::string> key_environment;  // names of variables that belong to run keys
  std::vector<std::string> inputs;           // patterns of data
  bool run_number_unused = false;
  std::string queue;  // of the runs
  int retries = 0;
  int max_lost = 0;
  int priority = 0;
  Digest known{};      // a blob: keys of runs whose results the client has, 32 bytes each; may be empty
  Digest durations{};  // a blob: durations_text(); may be empty

  friend bool operator==(const BuildRequest&, const BuildRequest&) = default;
};

[[nodiscard]] std::string to_json(const BuildRequest& request);
// An error says which field is wrong.
[[nodiscard]] Result<BuildRequest> parse_build_request(std::string_view json);

// The payload of a job of the queue `build`: which campaign, and where its request lies.
struct BuildJob {
  std::string campaign;
  Digest request;  // a blob
};
[[nodiscard]] std::string payload_of(const BuildJob& job);
[[nodiscard]] Result<BuildJob> parse_build_payload(std::string_view payload);

// «build», or «build-IMAGE» with an image's name made safe.
[[nodiscard]] std::string build_queue(std::string_view image);
// The queue of a campaign's runs: «run-ID», or «image-IMAGE.run-ID».
[[nodiscard]] std::string run_queue(std::string_view campaign, std::string_view image);
[[nodiscard]] std::string build_job_id(std::string_view campaign);
[[nodiscard]] std::string campaign_of_build(std::string_view job_id);  // empty: it is the id of no build
[[nodiscard]] std::string build_description(std::string_view name);    // of a job, for people

// How a builder's job ended: its result, or the message of its failure.
struct BuildAnswer {
  int code = 0;            // ExitCode of what went wrong; 0: it is queued
  std::string message{};   // one line
  std::string key{};       // of the build
  bool was_known = false;  // nothing was built
  bool plan_was_known = false;
  std::uint64_t compiled = 0, hits = 0, remote = 0;
  double seconds = 0;      // of the build
  std::size_t runs = 0;    // in all
  std::size_t queued = 0;  // of them
};
[[nodiscard]] std::string to_json(const BuildAnswer& answer);
// Nothing: it is no answer of a builder.
[[nodiscard]] std::optional<BuildAnswer> parse_build_answer(std::string_view json);

// What is seen of a build while it goes on; at most jobs::kLongestProgress bytes as JSON.
struct BuildView {
  std::string phase;  // «waiting», «fetching», «building», «packing», «planning», «queueing»
  std::uint64_t compiled = 0, hits = 0, remote = 0;
  std::uint64_t expected = 0;  // compilations in all; 0: not known
  std::size_t hosts = 0;       // compile servers that answer
  double seconds = 0;          // since it began
  std::size_t ahead = 0;       // jobs before it, while it waits
  friend bool operator==(const BuildView&, const BuildView&) = default;
};
[[nodiscard]] std::string to_json(const BuildView& view);
[[nodiscard]] std::optional<BuildView> parse_build_view(std::string_view json);

// What runs took, for the order of those to come.
struct KnownDuration {
  Run run;
  double seconds = 0;
};
[[nodiscard]] std::string durations_text(const std::vector<KnownDuration>& durations);
[[nodiscard]] std::vector<KnownDuration> parse_durations(std::string_view text);  // what cannot be read is left out

}  // namespace simswarm::campaign
