// Putting single files into their places. Used by commits and by rolling forward.
#pragma once

#include "campaign/commit.h"

namespace simswarm::campaign {

// Brings the staged files of an intent to their places; files that are there already with the right digest stay. What
// stands in the way goes to `intent.kept` (replaced where that is empty). Fills in the identities. The number kept
// aside.
[[nodiscard]] Result<std::size_t> put_into_place(Intent& intent);

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

// Refuses a path at which something stands that is no regular file or link.
[[nodiscard]] Status check_target(const fs::path& target);

// Digest and size of a staged file; of a link, of where it leads.
[[nodiscard]] Result<ResultFile> describe(const std::string& path, const fs::path& staged);

}  // namespace simswarm::campaign
