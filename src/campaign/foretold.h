// What the program tells of a study, kept: who follows the campaign need not have the program.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/stream.h"
#include "campaign/planned.h"
#include "ledger/ledger.h"
#include "simulator/dialect.h"

namespace simswarm::campaign {

// doc/formats.md, «Plans». Paths are relative to the working folder, or absolute where they lie outside of the project.
struct Foretold {
  std::string dialect;
  RunList runs;
  std::vector<DigestBytes> keys;  // by position
  InputRecord inputs;
  std::vector<std::string> result_folders, remarks, broken;
  std::vector<std::string> command;            // that executes the first run
  std::string simulator;                       // «OMNeT++ 6.1», where it was told
  std::map<std::string, std::string> objects;  // libraries outside of the project, by path: digest

  // Result files that the run at a position is going to write.
  void add_expected(const std::vector<std::string>& files);
  [[nodiscard]] std::vector<std::string> expected(std::size_t position) const;
  // By configuration and number, as a run is known by in its study.
  [[nodiscard]] std::vector<std::string> expected(const Run& run) const;

 private:
  friend Result<Foretold> read_foretold(Source& text);
  std::string texts_;                // of each run: its files, a NUL behind each
  std::vector<std::uint64_t> ends_;  // in texts_
  std::map<std::pair<std::string, std::int64_t>, std::size_t> positions_{};  // of one that was read
  void index();
};

// A line for all, and one for each run.
[[nodiscard]] Status write_foretold(const Foretold& foretold, Sink& sink);
// Of a document that somebody else may have written: an error says which line is wrong.
[[nodiscard]] Result<Foretold> read_foretold(Source& text);

// Answers what a client asks of a dialect. Nothing is executed with it: what only those need who execute is not known
// to it. `foretold` outlives it.
[[nodiscard]] std::unique_ptr<Dialect> make_foretold_dialect(const Foretold& foretold);

}  // namespace simswarm::campaign
