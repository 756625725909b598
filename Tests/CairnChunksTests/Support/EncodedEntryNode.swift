import CairnCore

@testable import CairnChunks

/// A record of a leaf of an ``EntryTree``.
struct LeafRecord {
  var shared = 0
  var rest: String
  var restCount: UInt64?
  var weight: UInt64 = 1
  var links: UInt64 = 0
  var value = "v"
  var valueCount: UInt64?
}

/// A record of a node above the leaves.
struct Child {
  var shared = 0
  var rest: String
  var count: UInt64
  var weight: UInt64
}

/// The data of a leaf, as the format has it, right or wrong.
func leaf(
  tag: UInt8 = UInt8(ascii: "E"), level: UInt8 = 0, count: Int? = nil,
  _ records: [LeafRecord], tail: [UInt8] = []
) -> [UInt8] {
  var writer = BinaryWriter()
  writer.append(tag)
  writer.append(level)
  writer.append(varint: count ?? records.count)
  for record in records {
    writer.append(varint: record.shared)
    writer.append(varint: record.restCount ?? UInt64(record.rest.utf8.count))
    writer.append(record.rest.utf8)
    writer.append(varint: record.weight)
    writer.append(varint: record.links)
    writer.append(varint: record.valueCount ?? UInt64(record.value.utf8.count))
    writer.append(record.value.utf8)
  }
  writer.append(tail)
  return writer.bytes
}

/// The data of a node above the leaves, as the format has it, right or wrong.
func node(
  level: UInt8 = 1, count: Int? = nil, _ children: [Child], tail: [UInt8] = []
) -> [UInt8] {
  var writer = BinaryWriter()
  writer.append(UInt8(ascii: "E"))
  writer.append(level)
  writer.append(varint: count ?? children.count)
  for child in children {
    writer.append(varint: child.shared)
    writer.append(counted: Array(child.rest.utf8))
    writer.append(varint: child.count)
    writer.append(varint: child.weight)
  }
  writer.append(tail)
  return writer.bytes
}
