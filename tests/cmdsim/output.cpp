#include "output.h"

#include <iostream>

#include "text.h"

namespace cmdsim {

Output::Output(bool verbose, bool mergeErrors)
    : verbose_(verbose), mergeErrors_(mergeErrors), out_(std::cout.rdbuf()) {}

void Output::redirect(const std::string& file) {
  makeFolders(directoryOf(file));
  auto buffer = std::make_unique<std::filebuf>();
  if (buffer->open(file, std::ios::out) == nullptr) {
    throw SimulationError("Cannot open output redirection file '" + file + "'");
  }
  file_ = std::move(buffer);
  fileName_ = file;
  out_.rdbuf(file_.get());
}

void Output::stopRedirection() {
  out_.flush();
  out_.rdbuf(std::cout.rdbuf());
  file_.reset();
}

void Output::error(const std::string& text) {
  std::ostream& terminal = mergeErrors_ ? std::cout : std::cerr;
  std::ostream& target = file_ ? out_ : terminal;
  if (file_) terminal << "<!> Error -- see " << fileName_ << " for details" << std::endl;
  target << "\n<!> " << (text.rfind("Error", 0) == 0 ? "" : "Error: ") << text << std::endl;
}

}  // namespace cmdsim
