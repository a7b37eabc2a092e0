#include "result/table.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "base/text.h"
#include "result/lines.h"
#include "result/tokens.h"

namespace simswarm::result {

namespace {

using Cells = std::vector<std::string>;

std::string_view without_carriage_return(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

bool is_skipped(std::string_view line) {
  return trim(line).empty() || line.front() == '#';
}

char separator_for(const fs::path& path, std::string_view header) {
  if (path.extension() == ".tsv") return '\t';
  char best = ',';
  for (const char candidate : {'\t', ';'}) {
    if (std::count(header.begin(), header.end(), candidate) > std::count(header.begin(), header.end(), best)) {
      best = candidate;
    }
  }
  return best;
}

// One row that may go on over several lines while a quote is open.
class RowSplitter {
 public:
  explicit RowSplitter(char separator) : separator_(separator) {}

  void start() {
    cells_.assign(1, {});
    quoted_ = false;
  }

  // True when the row is whole.
  bool take(std::string_view line) {
    for (std::size_t at = 0; at < line.size(); ++at) {
      if (quoted_) {
        at = take_in_quotes(line, at);
      } else if (line[at] == separator_) {
        cells_.emplace_back();
      } else if (line[at] == '"' && cells_.back().empty()) {
        quoted_ = true;
      } else {
        cells_.back().push_back(line[at]);
      }
    }
    if (quoted_) cells_.back().push_back('\n');
    return !quoted_;
  }

  [[nodiscard]] const Cells& cells() const { return cells_; }

 private:
  std::size_t take_in_quotes(std::string_view line, std::size_t at) {
    if (line[at] != '"') {
      cells_.back().push_back(line[at]);
    } else if (at + 1 < line.size() && line[at + 1] == '"') {
      cells_.back().push_back('"');
      ++at;
    } else {
      quoted_ = false;
    }
    return at;
  }

  char separator_;
  bool quoted_ = false;
  Cells cells_;
};

class TableReader {
 public:
  explicit TableReader(LineReader reader) : reader_(std::move(reader)) {}

  Result<Table> read() {
    SIMSWARM_TRY(const bool has_header, next_line());
    if (!has_header) return environment_error("{}: is no table: there is no header line", reader_.path().string());
    splitter_ = RowSplitter(separator_for(reader_.path(), line_));
    SIMSWARM_CHECK(read_row());
    SIMSWARM_CHECK(take_header());
    while (true) {
      SIMSWARM_TRY(const bool more, next_line());
      if (!more) return std::move(table_);
      SIMSWARM_CHECK(read_row());
      SIMSWARM_CHECK(take_row());
    }
  }

 private:
  // The next line that is not skipped, into line_.
  Result<bool> next_line() {
    while (true) {
      SIMSWARM_TRY(const bool more, reader_.next());
      if (!more) return false;
      line_ = without_carriage_return(reader_.line());
      if (reader_.number() == 1 && line_.starts_with("\xEF\xBB\xBF")) line_.remove_prefix(3);
      if (!is_skipped(line_)) return true;
    }
  }

  // The row that begins with line_, into the splitter.
  Status read_row() {
    row_line_ = reader_.number();
    splitter_.start();
    while (!splitter_.take(line_)) {
      SIMSWARM_TRY(const bool more, reader_.next());
      if (!more) return error_at(reader_.path(), row_line_, "a quote that opens in this row is not closed");
      line_ = without_carriage_return(reader_.line());
    }
    return {};
  }

  Status take_header() {
    std::set<std::string> seen;
    table_.source = reader_.path().string();
    for (const std::string& cell : splitter_.cells()) {
      const std::string name(trim(cell));
      if (!seen.insert(name).second) {
        return error_at(reader_.path(), row_line_, fmt::format("two columns are called «{}»", name));
      }
      table_.columns.push_back({name, {}, {}});
    }
    return {};
  }

  Status take_row() {
    const Cells& cells = splitter_.cells();
    if (cells.size() != table_.columns.size()) {
      return error_at(reader_.path(), row_line_,
                      fmt::format("{} cells where the header has {}", cells.size(), table_.columns.size()));
    }
    for (std::size_t i = 0; i < cells.size(); ++i) table_.columns[i].text.emplace_back(cells[i]);
    ++table_.rows;
    return {};
  }

  LineReader reader_;
  std::string_view line_;
  std::uint64_t row_line_ = 0;
  RowSplitter splitter_{','};
  Table table_;
};

void find_numbers(Column& column) {
  std::vector<double> numbers;
  bool any = false;
  for (const std::string& cell : column.text) {
    const std::string_view text = trim(cell);
    const auto number = text.empty() ? std::numeric_limits<double>::quiet_NaN() : parse_number(text);
    if (!number) return;
    any = any || !text.empty();
    numbers.push_back(*number);
  }
  if (any) column.numbers = std::move(numbers);
}

std::string_view without_quotes(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') return value.substr(1, value.size() - 2);
  return value;
}

}  // namespace

const Column* Table::find(std::string_view name) const {
  const auto found = std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return c.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

Result<Table> read_table(const fs::path& path) {
  SIMSWARM_TRY(LineReader reader, LineReader::open(path));
  SIMSWARM_TRY(Table table, TableReader(std::move(reader)).read());
  for (Column& column : table.columns) find_numbers(column);
  return table;
}

Result<std::vector<Entry>> read_key_values(const fs::path& path) {
  SIMSWARM_TRY(LineReader reader, LineReader::open(path));
  std::vector<Entry> entries;
  while (true) {
    SIMSWARM_TRY(const bool more, reader.next());
    if (!more) return entries;
    const std::string_view line = trim(reader.line());
    if (is_skipped(line)) continue;
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || trim(line.substr(0, equals)).empty()) {
      return error_at(path, reader.number(), "«name = value» expected");
    }
    entries.push_back(
        {std::string(trim(line.substr(0, equals))), std::string(without_quotes(trim(line.substr(equals + 1))))});
  }
}

}  // namespace simswarm::result
