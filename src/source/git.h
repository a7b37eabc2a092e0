// Git's commands, with a git folder of our own: the user's index, branches, stashes, hooks and configuration are
// neither used nor touched, whatever happens.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/subprocess.h"

namespace simswarm::source {

struct GitPlace {
  fs::path git_dir;      // a bare one of ours, see make_git_folder()
  fs::path work_tree{};  // for commands that look at files; empty: none
  fs::path index{};      // empty: the one in the git folder
  // «…/objects» folders of others, for this command alone. Not for one that writes: git would set the times of the
  // objects that it finds there.
  std::vector<fs::path> alternates{};
};

// What a command reads and where its output goes, if not as texts: open files.
struct GitPipes {
  std::string_view input{};
  int input_from = -1;
  int output_to = -1;
};

// Bytes stay as they are on both ways: no line ends are converted, no filter or hook is run, whatever `.gitattributes`
// or anybody's configuration says; objects are not synced to disk. `input` is what the command reads.
[[nodiscard]] Result<Answer> try_git(const GitPlace& place, std::vector<std::string> words,
                                     std::string_view input = {});
[[nodiscard]] Result<Answer> try_git(const GitPlace& place, std::vector<std::string> words, const GitPipes& pipes);
// The same; an exit code other than 0 is an error with the command's last line. What it printed.
[[nodiscard]] Result<std::string> git(const GitPlace& place, std::vector<std::string> words,
                                      std::string_view input = {});

// Makes the folder unless it is there; objects of `alternates` («…/objects» folders) are read in place. `format` is
// «sha1» or «sha256».
[[nodiscard]] Status make_git_folder(const fs::path& git_dir, const std::string& format,
                                     const std::vector<fs::path>& alternates);

// A question to the user's repository that changes nothing there, not even by refreshing its index: any exit code is an
// answer. `folder` lies in its work tree. Nothing is fetched from elsewhere.
[[nodiscard]] Result<Answer> ask_git(const fs::path& folder, std::vector<std::string> words,
                                     const GitPipes& pipes = {});

// The line of a command's answer that says what went wrong, without «fatal: »; its exit code where it said nothing.
[[nodiscard]] std::string complaint(const Answer& answer);

}  // namespace simswarm::source
