// What a run can see, besides its own words: program and libraries, NED files, data. Digests of these go into its key.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "model/brought.h"
#include "model/run.h"
#include "simulator/dialect.h"

namespace simswarm::plan {

struct InputRequest {
  fs::path project;         // absolute
  fs::path working_folder;  // absolute
  fs::path program;         // absolute, as it is found
  KeySources sources;
  std::vector<fs::path> left_out;     // absolute folders: results, state
  std::set<std::string> written;      // paths that runs have written, relative to the working folder
  std::vector<std::string> patterns;  // which files of the project are data; empty: all but sources and results
  std::optional<std::pair<unsigned, unsigned>> run_as;
  fs::path scratch;           // a folder for the loader's words
  Environment environment{};  // of the program, added to ours
  // Which files of the project may be data, relative to it, sorted; nothing: those that git tracks or would track.
  std::optional<std::vector<std::string>> listing{};
};

struct Inputs {
  std::map<std::string, std::string> files;  // path relative to the working folder, or absolute: digest
  std::vector<KeyPart> parts;                // program, libraries, ned, data
  std::vector<fs::path> objects;             // program and libraries, absolute; they stand in `files`, too
};

using DigestOf = std::function<Result<Digest>(const fs::path&)>;

[[nodiscard]] Result<Inputs> gather_inputs(const InputRequest& request, const DigestOf& digest_of);

// The git work tree that the folder lies in, or the folder itself.
[[nodiscard]] fs::path project_of(const fs::path& working_folder);

// Program and libraries as the dynamic loader sees them: by running the probe, wrappers looked through, or by asking
// the loader about a program that must not be started.
[[nodiscard]] Result<std::vector<fs::path>> loaded_objects(const InputRequest& request);

// True for what counts as data by default: no source, no build product, no document, no result.
[[nodiscard]] bool is_data_by_default(const fs::path& relative);

}  // namespace simswarm::plan
