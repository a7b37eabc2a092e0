// Projects for the whole way: small enough to be built in a moment, and with words of their own about what they did.
#pragma once

#include <string>

#include "work_site.h"

namespace simswarm::whole {

// A folder that is a git repository; nothing of the user's settings counts.
class ProjectFiles {
 public:
  explicit ProjectFiles(fs::path folder) : folder_(std::move(folder)) {}

  // `./sim`: cmdsim behind a few sources of its own, by a Makefile. A run notes itself in `outside/executions`, and
  // waits while it is held there; the list of runs waits for `outside/hold-plan`, and is noted in `outside/asked`.
  // Each compilation is noted in `compiled.list` beside the Makefile. A build waits while there is a `gate` and no
  // `go`: it says so by `at-gate`.
  void make_simulation(const std::string& ini, const fs::path& outside) const;
  // `./sim`: cmdsim from its own sources.
  void make_whole_simulation(const std::string& ini) const;
  // `./program N FOLDER`: likewise, but of the command dialect.
  void make_program(const fs::path& outside) const;

  void write(const std::string& name, const std::string& text) const;
  [[nodiscard]] std::string read(const std::string& name) const;
  void remove(const std::string& name) const { fs::remove(folder_ / name); }
  // Changes what all runs give; one source, so one compilation.
  void tune(int how) const;
  void break_it() const;  // a source with an error in line 2
  void git(const std::string& words) const;
  void commit() const { git("add -A && git commit -qm work"); }
  [[nodiscard]] const fs::path& folder() const { return folder_; }

 private:
  void make_common(const fs::path& outside, const std::string& program) const;

  fs::path folder_;
};

// A shell's line in a folder; it has to succeed.
void run_in(const fs::path& folder, const std::string& line);

// Four runs of General, six of Other.
inline constexpr const char* kIni =
    "[General]\nnetwork = Net\nsim-time-limit = 50s\nrepeat = 2\n**.load = ${load=1,2}\n\n"
    "[Config Other]\nnetwork = Net\nsim-time-limit = 20s\nrepeat = 3\n";

}  // namespace simswarm::whole
