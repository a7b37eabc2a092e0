// A program for tests: what a run or its companion may be. hardened_peer WHAT [WORDS]
//   serve PORT        listens on 127.0.0.1, answers each client with how many it has had; ends by SIGKILL only
//   serve-kindly PORT the same, ends by SIGTERM
//   ask PORT N FILE   writes N and the answer
//   print SECONDS     a line every 50 ms, for so long, and hardly any CPU time
//   silence           a line, then nothing for ever
//   flood             standard output without end; ends by SIGKILL only
//   pin LOCKS FILE SECONDS  holds a folder in LOCKS for each core it may use, for so long; writes cores or «taken»
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace {

using Words = std::vector<std::string>;

sockaddr_in address_of(const std::string& port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
  return address;
}

int fail(const std::string& what) {
  std::cerr << what << ": " << std::strerror(errno) << "\n";
  return 4;
}

int serve(const std::string& port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const sockaddr_in address = address_of(port);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return fail("bind");
  if (::listen(listener, 8) != 0) return fail("listen");
  for (int number = 1;; ++number) {
    const int client = ::accept(listener, nullptr, nullptr);
    char question = 0;
    // Who connects only to see whether somebody listens asks nothing.
    if (::read(client, &question, 1) != 1) {
      --number;
    } else if (::write(client, std::to_string(number).c_str(), std::to_string(number).size()) < 1) {
      return fail("write");
    }
    ::close(client);
  }
}

int ask(const std::string& port, const std::string& number, const std::string& file) {
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = address_of(port);
  if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return fail("connect");
  if (::write(server, "?", 1) != 1) return fail("write");
  char answer[16] = "";
  if (::read(server, answer, sizeof answer - 1) < 1) return fail("read");
  std::ofstream(file) << number << "," << answer << "\n";
  return 0;
}

int print(double seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end) {
    std::cout << "still here" << std::endl;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return 0;
}

int silence() {
  std::cout << "and now nothing" << std::endl;
  while (true) ::pause();
}

int flood() {
  std::signal(SIGTERM, SIG_IGN);
  const std::string block(65536, 'x');
  while (::write(STDOUT_FILENO, block.data(), block.size()) > 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return fail("write");
}

int pin(const std::string& locks, const std::string& file, double seconds) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (::sched_getaffinity(0, sizeof cores, &cores) != 0) return fail("sched_getaffinity");
  std::string text;
  Words held;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &cores)) continue;
    held.push_back(locks + "/" + std::to_string(core));
    if (::mkdir(held.back().c_str(), 0777) != 0) text += "taken ";
    text += std::to_string(core) + " ";
  }
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  for (const std::string& folder : held) ::rmdir(folder.c_str());
  std::ofstream(file) << text << "\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const Words words(argv + 1, argv + argc);
  const std::string what = words.empty() ? "" : words[0];
  if (what == "serve" || what == "serve-kindly") {
    if (what == "serve") std::signal(SIGTERM, SIG_IGN);
    return serve(words.at(1));
  }
  if (what == "ask") return ask(words.at(1), words.at(2), words.at(3));
  if (what == "print") return print(std::stod(words.at(1)));
  if (what == "silence") return silence();
  if (what == "flood") return flood();
  if (what == "pin") return pin(words.at(1), words.at(2), std::stod(words.at(3)));
  std::cerr << "hardened_peer does not know «" << what << "»\n";
  return 2;
}
