#include "ledger/sqlite.h"

#include <sqlite3.h>

namespace simswarm::ledger {
namespace {

constexpr int kBusyMilliseconds = 60'000;  // another simswarm in this folder holds the ledger for moments only

tl::unexpected<Error> failure(sqlite3* handle) {
  const int code = sqlite3_errcode(handle);
  std::string path = sqlite3_db_filename(handle, "main") == nullptr ? "?" : sqlite3_db_filename(handle, "main");
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
    return environment_error(
        "the ledger {} is damaged ({}); move it away to start anew: results in their folders stay, what is known "
        "of them is lost",
        path, sqlite3_errmsg(handle));
  }
  if (code == SQLITE_FULL)
    return environment_error("the ledger {}: the disk is full; free some room and call again", path);
  auto error = environment_error("the ledger {}: {}", path, sqlite3_errmsg(handle));
  error.value().can_retry = code == SQLITE_BUSY || code == SQLITE_LOCKED;
  return error;
}

}  // namespace

Statement::~Statement() {
  sqlite3_finalize(statement_);
}

Statement& Statement::bind(std::int64_t value) {
  sqlite3_bind_int64(statement_, next_++, value);
  return *this;
}

Statement& Statement::bind(double value) {
  sqlite3_bind_double(statement_, next_++, value);
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  sqlite3_bind_text(statement_, next_++, text.data() == nullptr ? "" : text.data(), static_cast<int>(text.size()),
                    SQLITE_TRANSIENT);
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  next_ = 1;
  if (code == SQLITE_DONE) {
    sqlite3_reset(statement_);
    return false;
  }
  tl::unexpected<Error> error = failure(sqlite3_db_handle(statement_));
  sqlite3_reset(statement_);
  return error;
}

Status Statement::run() {
  SIMSWARM_TRY(const bool row, step());
  if (row) sqlite3_reset(statement_);
  next_ = 1;
  return {};
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_, column);
}
double Statement::real(int column) const {
  return sqlite3_column_double(statement_, column);
}

std::string Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return bytes == nullptr ? std::string()
                          : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

Result<std::unique_ptr<Database>> Database::open(const fs::path& path) {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) {
    auto error = environment_error("cannot open the ledger {}: {}", path.string(), sqlite3_errstr(code));
    sqlite3_close(handle);
    return error;
  }
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  return std::unique_ptr<Database>(new Database(handle));
}

Database::~Database() {
  sqlite3_close(handle_);
}

Result<std::unique_ptr<Statement>> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &statement, nullptr) != SQLITE_OK) {
    return failure(handle_);
  }
  return std::make_unique<Statement>(statement);
}

Status Database::execute(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return failure(handle_);
  return {};
}

Result<std::unique_ptr<Transaction>> Transaction::begin(Database& database) {
  SIMSWARM_CHECK(database.execute("BEGIN IMMEDIATE"));
  return std::make_unique<Transaction>(database);
}

Transaction::~Transaction() {
  if (open_) (void)database_.execute("ROLLBACK");
}

Status Transaction::commit() {
  SIMSWARM_CHECK(database_.execute("COMMIT"));
  open_ = false;
  return {};
}

}  // namespace simswarm::ledger
