#pragma once

#include <string>
#include <vector>

namespace cmdsim {

struct Entry {
  std::string key;
  std::string value;
  std::string folder;  ///< what relative paths in the value count from
};

struct Section {
  std::string name;  ///< without `Config `
  std::vector<Entry> entries;
};

/// The sections of one or several ini files, in the order of their first appearance.
class IniFile {
 public:
  /// Reads a file and what it includes. Throws SimulationError.
  void read(const std::string& file);

  const std::vector<Section>& sections() const { return sections_; }
  /// Index of a section, or -1.
  int find(const std::string& name) const;
  /// The folder of the first file, as it was named.
  const std::string& defaultFolder() const { return defaultFolder_; }
  /// The last file read, as it was named.
  const std::string& fileName() const { return fileName_; }

 private:
  /// Where the reader stands.
  struct Place {
    std::string name;  ///< as written
    std::string path;  ///< absolute
    int section = -1;
    std::vector<std::string> seenSections;
  };

  void readInto(const std::string& name, const std::string& path, int section, std::vector<std::string>& open);
  void takeLine(const std::string& line, int lineNumber, Place& place, std::vector<std::string>& open);
  void takeHeading(const std::string& content, int lineNumber, Place& place);
  int section(const std::string& name);

  std::vector<Section> sections_;
  std::string defaultFolder_;
  std::string fileName_;
};

}  // namespace cmdsim
