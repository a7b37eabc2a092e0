#include "ledger/sqlite.h"

#include <sqlite3.h>

#include "ledger/lock_holder.h"

namespace simswarm::ledger {
namespace {

tl::unexpected<Error> failure(sqlite3* handle, std::chrono::milliseconds patience) {
  const int code = sqlite3_errcode(handle);
  const char* name = sqlite3_db_filename(handle, "main");
  const std::string path = name == nullptr ? "?" : name;
  switch (code) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return propagate(damaged_error(path, sqlite3_errmsg(handle)));
    case SQLITE_FULL:
      return environment_error("the ledger {}: the disk is full; free some room and call again", path);
    case SQLITE_READONLY:
      return environment_error(
          "the ledger {} cannot be written: make it and its folder writable for you, or name another state folder with "
          "--state",
          path);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return propagate(locked_error(path, patience));
    default:
      return environment_error("the ledger {}: {}", path, sqlite3_errmsg(handle));
  }
}

}  // namespace

Error damaged_error(const std::string& path, const std::string& how) {
  return {ExitCode::kEnvironment,
          fmt::format("the ledger {} is damaged ({}); bring back a copy, or move it away to start anew: results in "
                      "their folders stay, what is known of them is lost",
                      path, how),
          false};
}

Statement::~Statement() {
  home_.take_back(statement_);
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
  tl::unexpected<Error> error = failure(home_.handle_, home_.patience_);
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

bool Statement::has(int column) const {
  return sqlite3_column_type(statement_, column) != SQLITE_NULL;
}

std::string Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return bytes == nullptr ? std::string()
                          : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

Result<std::unique_ptr<Database>> Database::open(const fs::path& path, std::chrono::milliseconds patience) {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) {
    auto error = environment_error("cannot open the ledger {}: {}", path.string(), sqlite3_errstr(code));
    sqlite3_close(handle);
    return error;
  }
  sqlite3_busy_timeout(handle, static_cast<int>(patience.count()));
  return std::unique_ptr<Database>(new Database(handle, patience));
}

Database::~Database() {
  for (const auto& [sql, statement] : idle_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

Result<std::unique_ptr<Statement>> Database::prepare(std::string_view sql) {
  if (const auto found = idle_.find(sql); found != idle_.end()) {
    auto again = std::make_unique<Statement>(*this, found->second);
    idle_.erase(found);
    return again;
  }
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &statement, nullptr) != SQLITE_OK) {
    return failure(handle_, patience_);
  }
  return std::make_unique<Statement>(*this, statement);
}

void Database::take_back(sqlite3_stmt* statement) {
  constexpr std::size_t kMostIdle = 64;
  if (statement == nullptr) return;
  sqlite3_reset(statement);  // lets go of locks
  sqlite3_clear_bindings(statement);
  const char* sql = sqlite3_sql(statement);
  if (idle_.size() >= kMostIdle || !idle_.emplace(sql, statement).second) sqlite3_finalize(statement);
}

Status Database::execute(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return failure(handle_, patience_);
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
