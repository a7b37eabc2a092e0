// Reading tables of the settings file, with errors that name file, line, key, value and what is expected.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "settings/settings_node.h"

namespace simswarm {

// The place of a value: which file, which table of the reference, and how the file calls it.
struct TablePlace {
  const std::string& file;
  std::string_view table;  // «sweep.NAME», as in kSettingKeys
  std::string path;        // «sweep.wifi»
};

// «a text "three"», «a list», …
[[nodiscard]] std::string described(const SettingsNode& value);

class TableReader {
 public:
  // Every key is known, or the error says «did you mean».
  [[nodiscard]] static Result<TableReader> of(const SettingsNode& node, TablePlace place);

  // Null where the key is not set.
  [[nodiscard]] const SettingsNode* find(std::string_view key) const;
  // «FILE:LINE: sweep.wifi.jobs is "three"; expected …», from the reference.
  [[nodiscard]] tl::unexpected<Error> wrong(std::string_view key, const SettingsNode& value) const;
  // «FILE:LINE: sweep.wifi.jobs: MESSAGE»
  [[nodiscard]] tl::unexpected<Error> error(std::string_view key, const SettingsNode& value,
                                            std::string_view message) const;

  // Each leaves `into` as it is where the key is not set.
  Status text(std::string_view key, std::string& into) const;
  Status texts(std::string_view key, std::vector<std::string>& into, bool one_is_enough = false) const;
  Status whole(std::string_view key, std::int64_t least, std::int64_t& into) const;
  // Values of a parameter: a list of texts, numbers and booleans, one of them, or a text as parse_values takes it.
  Result<std::vector<std::string>> values(std::string_view key, const SettingsNode& node) const;

  [[nodiscard]] const TablePlace& place() const { return place_; }

 private:
  TableReader(const SettingsNode& node, TablePlace place) : node_(&node), place_(std::move(place)) {}
  const SettingsNode* node_;
  TablePlace place_;
};

}  // namespace simswarm
