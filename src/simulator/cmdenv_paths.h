// Where the result files of a run lie: their names as the program resolves them, seen from the working folder.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "simulator/cmdenv_judge.h"
#include "simulator/cmdenv_study.h"
#include "simulator/cmdenv_words.h"

namespace simswarm::cmdenv {

class Paths {
 public:
  Paths() = default;
  // Reads the ini files, to see which of them names result files.
  Paths(fs::path working_folder, const Words& words);

  [[nodiscard]] ExpectedFiles files_of(const RunConfig& config, const FileNames& names) const;
  // Folders that hold nothing but results, relative to the working folder: the result folder, and those of files that
  // are given a place outside. An error for one that holds other things, since a run would see it empty.
  [[nodiscard]] Result<std::vector<std::string>> result_folders(const RunConfig& config, bool output) const;
  [[nodiscard]] std::string result_folder(const RunConfig& config) const;

 private:
  [[nodiscard]] std::string seen(const fs::path& base, const std::string& name) const;
  [[nodiscard]] fs::path base_of(const RunConfig& config, const std::string& key) const;
  void read_ini(const fs::path& file, int depth, std::set<fs::path>& known);

  fs::path working_folder_;
  fs::path first_ini_folder_;
  std::map<std::string, fs::path> bases_;  // of names that are given explicitly, by their key
};

}  // namespace simswarm::cmdenv
