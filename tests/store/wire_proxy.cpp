#include "wire_proxy.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "base/text.h"

namespace simswarm::store {
namespace {

constexpr std::size_t kHeader = 16;  // of a message
constexpr std::int32_t kQuestion = 2013;

sockaddr_un address_of(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  EXPECT_LT(path.string().size(), sizeof(address.sun_path)) << path;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  return address;
}

std::int32_t number_at(const std::string& message, std::size_t at) {
  std::int32_t number = 0;
  if (at + sizeof(number) <= message.size()) std::memcpy(&number, message.data() + at, sizeof(number));
  return number;
}

bool read_bytes(int from, std::string& to, std::size_t size) {
  std::size_t filled = to.size();
  to.resize(filled + size);
  while (filled < to.size()) {
    const ssize_t got = ::read(from, to.data() + filled, to.size() - filled);
    if (got <= 0) return false;
    filled += static_cast<std::size_t>(got);
  }
  return true;
}

// A whole message; empty: the line has ended.
std::string read_message(int from) {
  std::string message;
  if (!read_bytes(from, message, kHeader)) return {};
  const auto size = static_cast<std::size_t>(number_at(message, 0));
  if (size < kHeader || !read_bytes(from, message, size - kHeader)) return {};
  return message;
}

bool send_all(int to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(to, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// The name of the first field of the first document, and its value where that is a text.
std::string name_of(const std::string& message) {
  if (number_at(message, 12) != kQuestion) return {};
  constexpr std::size_t kField = kHeader + 4 + 1 + 4;  // flags, kind of the section, size of the document
  if (message.size() <= kField) return {};
  const bool is_text = message[kField] == 2;
  const std::string name = message.c_str() + kField + 1;
  return is_text ? name + " " + (message.c_str() + kField + 1 + name.size() + 1 + 4) : name;
}

// «{ok: 0, code: 1, errmsg: …}»: what a server says whose own disk, say, has gone.
std::string refusal_of(const std::string& question) {
  const auto number = [](std::int32_t value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
  };
  const std::string why = "the database behind it has gone";
  const std::string fields = std::string("\x01ok\0\0\0\0\0\0\0\0\0", 12) +
                             std::string(
                                 "\x10"
                                 "code\0",
                                 6) +
                             number(1) +
                             std::string(
                                 "\x02"
                                 "errmsg\0",
                                 8) +
                             number(static_cast<std::int32_t>(why.size()) + 1) + why + std::string("\0\0", 2);
  const std::string body = number(static_cast<std::int32_t>(fields.size()) + 4) + fields;
  return number(static_cast<std::int32_t>(kHeader + 5 + body.size())) + number(0) + question.substr(4, 4) +
         number(kQuestion) + number(0) + std::string(1, '\0') + body;
}

}  // namespace

std::string url_of_socket(const fs::path& socket, const std::string& database) {
  return "mongodb://" + replace_all(socket.string(), "/", "%2F") + "/" + database;
}

WireProxy::WireProxy(const fs::path& socket, fs::path server)
    : server_(std::move(server)), listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const sockaddr_un address = address_of(socket);
  EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0) << socket;
  EXPECT_EQ(::listen(listener_.get(), 64), 0);
  accepting_ = std::thread([this] { accept_all(); });
}

WireProxy::~WireProxy() {
  ::shutdown(listener_.get(), SHUT_RDWR);
  accepting_.join();
  for (const auto& [client, server] : lines_) {
    ::shutdown(client.get(), SHUT_RDWR);
    ::shutdown(server.get(), SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
}

void WireProxy::at(std::string name, int count, Break what) {
  const std::lock_guard guard(mutex_);
  name_ = std::move(name);
  count_ = count;
  what_ = what;
}

void WireProxy::accept_all() {
  while (true) {
    Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client.valid()) return;
    Fd server(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_un address = address_of(server_);
    if (::connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) continue;
    const int ends[] = {client.get(), server.get()};
    lines_.emplace_back(std::move(client), std::move(server));
    threads_.emplace_back([this, ends] {
      serve(ends[0], ends[1]);
      ::shutdown(ends[0], SHUT_RDWR);
      ::shutdown(ends[1], SHUT_RDWR);
    });
  }
}

// Until the line ends.
void WireProxy::serve(int client, int server) {
  while (true) {
    const std::string question = read_message(client);
    if (question.empty()) return;
    const Break how = fire(name_of(question));
    if (how == Break::kRefused && send_all(client, refusal_of(question))) continue;
    if (how == Break::kAsked || !send_all(server, question)) return;
    const std::string reply = read_message(server);
    if (reply.empty() || how == Break::kAnswered) return;
    if (delay_ > 0) std::this_thread::sleep_for(std::chrono::milliseconds(delay_));
    const bool is_half = how == Break::kHalfReply;
    if (!send_all(client, std::string_view(reply).substr(0, is_half ? reply.size() / 2 : reply.size())) || is_half)
      return;
  }
}

Break WireProxy::fire(const std::string& name) {
  const std::lock_guard guard(mutex_);
  if (what_ == Break::kNothing || name != name_ || --count_ > 0) return Break::kNothing;
  return what_.exchange(Break::kNothing);
}

}  // namespace simswarm::store
