#include "campaign/trial.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/digest.h"
#include "result/diff.h"

namespace simswarm::campaign {

std::vector<std::pair<std::string, fs::path>> files_of(const Judgement& judgement, const Evidence& evidence) {
  std::map<std::string_view, const LeftFile*> left;
  for (const LeftFile& file : evidence.files) left.emplace(file.path, &file);
  std::vector<std::pair<std::string, fs::path>> files;
  for (const std::string& path : judgement.files) {
    const auto found = left.find(path);
    files.emplace_back(path, found == left.end() ? evidence.left / path : found->second->source);
  }
  return files;
}

std::string label_of(const Run& run) {
  std::string label = long_name(run);
  for (char& c : label) {
    if (c == '/' || c == ':' || c == ' ' || static_cast<unsigned char>(c) < 32) c = '-';
  }
  return label;
}

std::string trial_difference(const Dialect& dialect, const Run& run, const Judgement& judgement,
                             const Evidence& evidence, const ResultRecord& record, const fs::path& working_folder) {
  if (!is_complete(judgement.verdict.outcome))
    return fmt::format("{} ended {} when it was tried", short_name(run), to_text(judgement.verdict.outcome));
  std::map<std::string, fs::path> tried;
  for (const auto& [path, source] : files_of(judgement, evidence)) tried.emplace(path, source);
  const std::string own = dialect.status_file(run);
  tried.erase(own);
  for (const ResultFile& file : record.files) {
    if (file.path == own) continue;
    const auto found = tried.find(file.path);
    if (found == tried.end()) return fmt::format("{} is left by one of the two only", file.path);
    const auto difference = result::file_difference(absolute_from(working_folder, file.path), found->second, file.path);
    if (!difference) return difference.error().message;
    if (*difference) return (*difference)->text;
    tried.erase(found);
  }
  return tried.empty() ? "" : fmt::format("{} is left by one of the two only", tried.begin()->first);
}

std::string batch_memo_name(const std::vector<KeyPart>& parts) {
  constexpr std::array<std::string_view, 7> kCommon{"program",   "libraries", "ned",          "data",
                                                    "arguments", "ini",       "configuration"};
  Hasher hasher;
  for (const KeyPart& part : parts) {
    if (std::find(kCommon.begin(), kCommon.end(), part.name) != kCommon.end())
      hasher.field(part.name).field(part.value);
  }
  return "batch " + hasher.finish().hex();
}

}  // namespace simswarm::campaign
