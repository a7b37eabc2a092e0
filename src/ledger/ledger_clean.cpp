#include "ledger/ledger_clean.h"

#include <array>
#include <set>

#include "model/encoding.h"

namespace simswarm::ledger {
namespace {

// Length in bytes: that of a text counts characters, and only up to a zero byte.
constexpr std::string_view kLogBytes =
    "LENGTH(CAST(output AS BLOB))+LENGTH(CAST(errors AS BLOB))+LENGTH(CAST(own AS BLOB))";

// A statement with one parameter, given the ids as a JSON list.
Status execute_for(Database& database, std::string_view sql, const std::vector<std::string>& campaigns) {
  SIMSWARM_TRY(const auto statement, database.prepare(sql));
  return statement->bind(encode(campaigns)).run();
}

Result<Amount> measure(Database& database, std::string_view sql, const std::vector<std::string>& campaigns) {
  SIMSWARM_TRY(const auto rows, database.prepare(sql));
  SIMSWARM_TRY(const bool row, rows->bind(encode(campaigns)).step());
  if (!row) return Amount{};
  return Amount{static_cast<std::size_t>(rows->size(0)), rows->size(1)};
}

Result<std::uint64_t> pragma(Database& database, std::string_view name) {
  SIMSWARM_TRY(const auto rows, database.prepare(fmt::format("PRAGMA {}", name)));
  SIMSWARM_TRY(const bool row, rows->step());
  return row ? rows->size(0) : 0;
}

}  // namespace

Result<Amount> measure_logs(Database& database, const std::vector<std::string>& campaigns) {
  return measure(database,
                 fmt::format("SELECT COUNT(*), COALESCE(SUM({0}),0) FROM attempt WHERE campaign IN (SELECT value FROM "
                             "json_each(?)) AND {0}>0",
                             kLogBytes),
                 campaigns);
}

Status drop_logs(Database& database, const std::vector<std::string>& campaigns) {
  return execute_for(database,
                     fmt::format("UPDATE attempt SET output='', errors='', own='' WHERE campaign IN (SELECT value FROM "
                                 "json_each(?)) AND {}>0",
                                 kLogBytes),
                     campaigns);
}

Result<std::vector<std::string>> forgettable(Database& database, const std::vector<std::string>& campaigns) {
  // A result whose place has been taken since by one of a later campaign is none that is in place.
  SIMSWARM_TRY(const auto rows, database.prepare(R"sql(
SELECT DISTINCT c.id FROM result s CROSS JOIN attempt a ON a.key=s.key AND a.number=s.attempt CROSS JOIN campaign c ON
  c.id=a.campaign WHERE NOT EXISTS (SELECT 1 FROM file f CROSS JOIN file g ON g.path=f.path AND g.key<>f.key AND
  g.digest<>f.digest CROSS JOIN result t ON t.key=g.key CROSS JOIN attempt b ON b.key=t.key AND b.number=t.attempt
  CROSS JOIN campaign d ON d.id=b.campaign WHERE f.key=s.key AND d.position>c.position)
UNION SELECT a.campaign FROM intent i CROSS JOIN attempt a ON a.key=i.key AND a.number=i.attempt)sql"));
  std::set<std::string> needed;
  while (true) {
    SIMSWARM_TRY(const bool row, rows->step());
    if (!row) break;
    needed.insert(rows->text(0));
  }
  std::vector<std::string> found;
  for (const std::string& campaign : campaigns) {
    if (!needed.contains(campaign)) found.push_back(campaign);
  }
  return found;
}

Result<Amount> measure_records(Database& database, const std::vector<std::string>& campaigns) {
  constexpr std::array<std::string_view, 3> kTables{
      "SELECT COUNT(*), COALESCE(SUM(LENGTH(key)+LENGTH(config)+LENGTH(variables)),0) FROM run",
      "SELECT COUNT(*), COALESCE(SUM(LENGTH(path)+LENGTH(digest)),0) FROM campaign_input",
      "SELECT COUNT(*), COALESCE(SUM(LENGTH(name)+LENGTH(value)),0) FROM campaign_part"};
  Amount amount{campaigns.size(), 0};
  for (const std::string_view table : kTables) {
    SIMSWARM_TRY(
        const Amount part,
        measure(database, fmt::format("{} WHERE campaign IN (SELECT value FROM json_each(?))", table), campaigns));
    amount.bytes += part.bytes;
  }
  return amount;
}

Status forget_campaigns(Database& database, const std::vector<std::string>& campaigns) {
  SIMSWARM_TRY(const auto transaction, Transaction::begin(database));
  SIMSWARM_TRY(const auto wanted, forgettable(database, campaigns));
  // Attempts last: of keys that no campaign plans any more, and that have no result. A known error of a campaign that
  // stays is not repeated, and no number of an attempt is given twice. A campaign that
  // is still writing down its runs may plan any of them.
  constexpr const char* kForgetAttempts =
      "DELETE FROM attempt WHERE campaign IN (SELECT value FROM json_each(?1)) AND key NOT IN (SELECT key FROM run) "
      "AND "
      "key NOT IN (SELECT key FROM result) AND key NOT IN (SELECT key FROM intent) AND NOT EXISTS (SELECT 1 FROM "
      "campaign c WHERE c.total > (SELECT COUNT(*) FROM run WHERE campaign=c.id) AND c.id NOT IN "
      "(SELECT value FROM json_each(?1)))";
  for (const char* sql : {"DELETE FROM campaign_input WHERE campaign IN (SELECT value FROM json_each(?))",
                          "DELETE FROM campaign_part WHERE campaign IN (SELECT value FROM json_each(?))",
                          "DELETE FROM run WHERE campaign IN (SELECT value FROM json_each(?))",
                          "DELETE FROM claim WHERE owner IN (SELECT value FROM json_each(?))", kForgetAttempts,
                          "DELETE FROM campaign WHERE id IN (SELECT value FROM json_each(?))"}) {
    SIMSWARM_CHECK(execute_for(database, sql, wanted));
  }
  return transaction->commit();
}

Status compact(Database& database) {
  return database.execute("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);");
}

Result<std::uint64_t> unused_bytes(Database& database) {
  SIMSWARM_TRY(const std::uint64_t pages, pragma(database, "freelist_count"));
  SIMSWARM_TRY(const std::uint64_t size, pragma(database, "page_size"));
  return pages * size;
}

}  // namespace simswarm::ledger
