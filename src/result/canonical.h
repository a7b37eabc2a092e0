// The canonical form of result files: what two runs of the same simulation have in common (ARCHITECTURE.md, «Same
// results»).
//
// Left out are: in `.sca` and `.vec` the `run` lines, of a run's attributes runid, datetime, datetimef, processid and
// resultdir, of its options result-dir and cmdenv-* (also «**.cmdenv-…»); in `.vci` these, the `file` line (size and
// time of the `.vec`) and the offset of each block, which depend on them; in `.out` what tells of the machine and the
// moment: status and performance lines, «Assigned runID», the banner. Attributes of results stay, whatever they are
// called. All else counts byte by byte, the order of lines and a missing last line end too.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/error.h"
#include "base/files.h"

namespace simswarm::result {

enum class FileKind {
  kResults,  // `.sca`, `.vec`
  kIndex,    // `.vci`
  kOutput,   // `.out`
  kSqlite,   // any of the results in SQLite's format: compared byte by byte, date and process id included
  kBytes,
};

// By the name's extension, and by the first bytes for SQLite.
[[nodiscard]] FileKind kind_of(const fs::path& path);
// Kinds that have a canonical form of their own; the others are their bytes.
[[nodiscard]] bool is_canonical_text(FileKind kind);

// Goes through the lines of one file, in order.
class CanonicalFilter {
 public:
  explicit CanonicalFilter(FileKind kind) : kind_(kind) {}
  // The line as it counts, or nothing when it is left out. The view is into the argument or into the filter: it ends
  // with the next call.
  [[nodiscard]] std::optional<std::string_view> keep(std::string_view line);

 private:
  [[nodiscard]] bool is_left_out_result_line(std::string_view line);
  [[nodiscard]] std::string_view without_offset(std::string_view line);

  FileKind kind_;
  bool in_run_header_ = true;  // attributes belong to the run
  std::string changed_;
};

// SHA-256 of the canonical form, as a stream; for kBytes and kSqlite that of the file.
[[nodiscard]] Result<Digest> canonical_digest(const fs::path& path);

}  // namespace simswarm::result
