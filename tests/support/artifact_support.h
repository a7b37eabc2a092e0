// Artifacts for tests: a folder's tar in a store.
#pragma once

#include <map>

#include "archive/tar.h"
#include "store_support.h"

namespace simswarm::store {

// Puts a tar of these files; its digest.
inline Digest put_artifact(Store& store, const std::map<std::string, std::string>& files) {
  const TestFolder folder;
  for (const auto& [name, content] : files) folder.write(name, content);
  ::chmod((folder / "program").c_str(), 0755);
  TextSink tar;
  const auto packed = archive::pack(good(archive::entries_of(folder.path())), archive::Times::kDropped, tar);
  EXPECT_EQ(error_of(packed), "no error");
  TextSource source(tar.text());
  return good(store.put(source)).digest;
}

// What a folder holds besides its locks.
inline std::vector<std::string> entries_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".lock") names.push_back(entry.path().filename());
  }
  return names;
}

}  // namespace simswarm::store
