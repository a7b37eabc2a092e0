// Tables that programs leave behind: CSV, TSV, and lines «name = value».
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "result/result_file.h"

namespace simswarm::result {

struct Column {
  std::string name;
  std::vector<std::string> text;  // one a row, as in the file without quotes
  // One a row when all cells that are not empty are numbers, and there is one; an empty cell is NaN. Else empty: a
  // column of text.
  std::vector<double> numbers;
  [[nodiscard]] bool is_numeric() const { return !numbers.empty(); }
};

struct Table {
  std::string source;           // the file, for messages
  std::vector<Column> columns;  // all of equal length
  std::size_t rows = 0;
  [[nodiscard]] const Column* find(std::string_view name) const;  // null when there is none
};

// Reads a whole table with its header line into memory. The separator is the tab in `.tsv`, else the one of tab, «,»
// and «;» that the header has most of. Cells may be quoted («""» is a quote, line ends inside are kept); lines may end
// in CRLF; a byte order mark, empty lines and lines that begin with «#» are skipped. Errors «FILE:LINE: what»: no
// header, a name twice, a row of another length, a quote that is not closed.
[[nodiscard]] Result<Table> read_table(const fs::path& path);

// Lines «name = value» or «name=value», in file order; values may be quoted; empty lines and «#» lines are skipped. A
// line without «=» is an error with its number.
[[nodiscard]] Result<std::vector<Entry>> read_key_values(const fs::path& path);

}  // namespace simswarm::result
