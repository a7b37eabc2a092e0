// Moving result files between scratch and their places, and looking at what stands there.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "model/attempt.h"

namespace simswarm::exec {

// Renames; to another file system: copies with times and rights, synced, and then removes.
[[nodiscard]] Status move_file(const fs::path& staged, const fs::path& target);

// Moves a file that stands in the way below `kept`, under a free name.
[[nodiscard]] Status put_aside(const fs::path& target, const std::string& path, const fs::path& kept);
// «../x» as a path inside a folder: «_up/x».
[[nodiscard]] std::string inside_path(const std::string& path);

// A link that leads nowhere is there, too.
[[nodiscard]] bool is_there(const fs::path& path);

// Brings a file's content, or a folder's names, to disk; or all of its file system.
[[nodiscard]] Status sync_path(const fs::path& path, bool whole_system = false);

// «dir/trace.csv» with a label is «dir/trace.LABEL.csv».
[[nodiscard]] std::string with_label(const std::string& path, const std::string& label);

// Moves a staged file to its place, whose folder is made if need be. What stands there with other content goes below
// `kept` (replaced where that is empty): then true. `file` describes what is staged.
[[nodiscard]] Result<bool> move_into_place(const fs::path& staged, const fs::path& target, const ResultFile& file,
                                           const fs::path& kept);

// The folder of a target by its real name, where it lies in none of the `roots` (canonical): what a link that a run
// left leads to. Empty where it could not be told.
[[nodiscard]] std::optional<fs::path> folder_outside(const std::vector<fs::path>& roots, const fs::path& target);

// Refuses a path at which something stands that is no regular file or link.
[[nodiscard]] Status check_target(const fs::path& target);

// Digest and size of a staged file; of a link, of where it leads.
[[nodiscard]] Result<ResultFile> describe(const std::string& path, const fs::path& staged);

// Whether it is for want of room that something could not be written.
[[nodiscard]] bool is_disk_full(const Error& error);

}  // namespace simswarm::exec
