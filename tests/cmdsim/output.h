#pragma once

#include <fstream>
#include <memory>
#include <ostream>
#include <string>

namespace cmdsim {

/// Where a run's words go: stdout, or its `.out` file while redirected; errors to stderr, or with `-m` to stdout.
class Output {
 public:
  Output(bool verbose, bool mergeErrors);

  std::ostream& out() { return out_; }
  bool verbose() const { return verbose_; }
  void redirect(const std::string& file);
  void stopRedirection();
  /// `<!> Error: text`, and, while redirected, a hint at the file on the terminal.
  void error(const std::string& text);

 private:
  bool verbose_;
  bool mergeErrors_;
  std::ostream out_;
  std::unique_ptr<std::filebuf> file_;
  std::string fileName_;
};

}  // namespace cmdsim
