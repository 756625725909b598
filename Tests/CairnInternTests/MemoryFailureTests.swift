#if os(Linux)
  import Foundation
  import Glibc
  import Testing

  @testable import CairnIntern

  /// What happens when the system gives no more: in processes of their own, whose limits are lowered.
  @Suite struct MemoryFailureTests {
    @Test func refusedMemoryIsAnErrorAndChangesNothing() async {
      await #expect(processExitsWith: .success) {
        for length in [200, 3000, 1 << 20] {
          var arena = try NameArena()
          let known = try arena.intern("known")
          let old = try Limit.lower(RLIMIT_DATA, "VmData:", by: 4 << 20)
          var code: InternError.Code?
          var content = [UInt8](repeating: 1, count: length)
          var index = 0
          while code == nil, index < 100_000_000 {
            for byte in 0..<4 { content[byte] = UInt8(truncatingIfNeeded: index >> (byte * 8)) }
            do throws(InternError) {
              _ = try arena.intern(content)
              index += 1
            } catch {
              code = error.code
            }
          }
          Limit.set(RLIMIT_DATA, old)
          let count = arena.count
          let name = arena.string(of: known)
          #expect(code == .memory)
          #expect(count == index + 1)
          #expect(name == "known")
          // With memory again, it goes on where it was.
          let next = try arena.intern(content)
          let stored = arena.array(of: next)
          #expect(stored == content)
        }
      }
    }

    @Test func refusedAddressesAreAnError() async {
      await #expect(processExitsWith: .success) {
        let old = try Limit.lower(RLIMIT_AS, "VmSize:", by: 64 << 20)
        defer { Limit.set(RLIMIT_AS, old) }
        do throws(InternError) {
          _ = try NameArena()
          Issue.record("nothing was thrown")
        } catch {
          #expect(error.code == .memory)
        }
        do throws(InternError) {
          _ = try SharedStringArena<Names>()
          Issue.record("nothing was thrown")
        } catch {
          #expect(error.code == .memory)
        }
        do throws(InternError) {
          _ = try DigestTable(digestLength: 20)
          Issue.record("nothing was thrown")
        } catch {
          #expect(error.code == .memory)
        }
        var small = try NameArena(ArenaOptions(byteLimit: 1 << 20))
        let symbol = try small.intern("fits")
        let name = small.string(of: symbol)
        #expect(name == "fits")
      }
    }
  }

  private enum Limit {
    /// Lets this process have `spare` bytes more than it has now, and returns what it might before.
    static func lower(
      _ resource: __rlimit_resource, _ line: String, by spare: UInt64
    ) throws -> rlimit {
      let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
      let field = try #require(status.split(separator: "\n").first { $0.hasPrefix(line) })
      let number = try #require(field.split(whereSeparator: \.isWhitespace).dropFirst().first)
      let used = try #require(UInt64(number)) << 10
      var old = rlimit()
      #expect(getrlimit(CInt(resource.rawValue), &old) == 0)
      set(resource, rlimit(rlim_cur: rlim_t(used + spare), rlim_max: old.rlim_max))
      return old
    }

    static func set(_ resource: __rlimit_resource, _ limit: rlimit) {
      var limit = limit
      #expect(setrlimit(CInt(resource.rawValue), &limit) == 0)
    }
  }
#endif
