// The user's simulation command, read as Cmdenv reads it (OMNeT++ Simulation Manual, 11.2 «Running Simulations»).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace simswarm::cmdenv {

struct Words {
  std::vector<std::string> all;                              // as given
  std::string program;                                       // the first word
  std::string config = "General";                            // -c, the last one
  std::vector<std::string> configs;                          // of all -c, each once; empty: none was given
  std::string filter;                                        // -r; empty: all runs
  std::vector<std::string> ini_files;                        // -f and bare words; «omnetpp.ini» when none is named
  std::vector<std::string> ned_path;                         // -n, split at «:» and «;»
  std::vector<std::pair<std::string, std::string>> options;  // --name=value and --name value, without the dashes
  std::vector<std::string>
      for_key;  // what is left for the key: without -u -s -m -c -r --cmdenv-* --result-dir --repeat

  [[nodiscard]] const std::string* option(std::string_view name) const;
};

// An error for a user interface other than Cmdenv, an option whose value is missing, and for queries (-q -a -h -e …).
[[nodiscard]] Result<Words> read_words(const std::vector<std::string>& words);

// The same command for this configuration alone: it stands where the first -c stood, or behind the program.
[[nodiscard]] Result<Words> words_for(const Words& words, const std::string& config);

// The command of a batch, exactly as opp_runall composes it, so that what the results record is equal.
[[nodiscard]] std::vector<std::string> batch_words(const Words& words, const std::vector<std::int64_t>& run_numbers);
// Whether the runs of a batch write their words to files of their own: as the batch's command says it.
[[nodiscard]] bool redirects_output(const Words& words);
// The command of a question: the user's words, then «-s» and these; the user's -r only where `filtered`.
[[nodiscard]] std::vector<std::string> question_words(const Words& words, const std::vector<std::string>& question,
                                                      bool filtered);

}  // namespace simswarm::cmdenv
