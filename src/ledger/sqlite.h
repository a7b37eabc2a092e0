// A thin cover over SQLite for this room: prepared statements with typed binding. sqlite3.h stays in sqlite.cpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"

struct sqlite3;
struct sqlite3_stmt;

namespace simswarm::ledger {

// What the user reads of a file that is no whole ledger.
[[nodiscard]] Error damaged_error(const std::string& path, const std::string& how);

class Database;

// Goes back to its database, which must outlive it.
class Statement {
 public:
  Statement(Database& home, sqlite3_stmt* statement) : home_(home), statement_(statement) {}
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  Statement& bind(std::int64_t value);
  Statement& bind(int value) { return bind(std::int64_t{value}); }
  Statement& bind(std::uint64_t value) { return bind(static_cast<std::int64_t>(value)); }
  Statement& bind(double value);
  Statement& bind(std::string_view text);  // copied
  // True: a row stands ready. False: there are no more; the statement can be bound again.
  [[nodiscard]] Result<bool> step();
  // For statements without rows: runs once and makes ready for the next binding.
  [[nodiscard]] Status run();

  [[nodiscard]] bool has(int column) const;  // false for NULL
  [[nodiscard]] std::int64_t number(int column) const;
  [[nodiscard]] int integer(int column) const { return static_cast<int>(number(column)); }
  [[nodiscard]] std::uint64_t size(int column) const { return static_cast<std::uint64_t>(number(column)); }
  [[nodiscard]] double real(int column) const;
  [[nodiscard]] std::string text(int column) const;

 private:
  Database& home_;
  sqlite3_stmt* statement_;
  int next_ = 1;
};

class Database {
 public:
  // `patience`: how long a lock of another process is waited for.
  [[nodiscard]] static Result<std::unique_ptr<Database>> open(
      const fs::path& path, std::chrono::milliseconds patience = std::chrono::seconds(60));
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  // The text is ours and valid: a failure to prepare it means that the file is damaged or of another make. Statements
  // that were given back serve again: to prepare one costs as much as to run it.
  [[nodiscard]] Result<std::unique_ptr<Statement>> prepare(std::string_view sql);
  [[nodiscard]] Status execute(const std::string& sql);

 private:
  friend class Statement;
  Database(sqlite3* handle, std::chrono::milliseconds patience) : handle_(handle), patience_(patience) {}
  void take_back(sqlite3_stmt* statement);

  sqlite3* handle_;
  std::chrono::milliseconds patience_;
  std::map<std::string, sqlite3_stmt*, std::less<>> idle_;  // by their text
};

// BEGIN IMMEDIATE at birth, ROLLBACK at death unless committed.
class Transaction {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Transaction>> begin(Database& database);
  explicit Transaction(Database& database) : database_(database) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  [[nodiscard]] Status commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace simswarm::ledger
