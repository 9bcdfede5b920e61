# What the perl case runs: hashes, regular expressions, sort, closures, string growth.
use strict;
use warnings;
my ($seed, %count, @words) = (42);
sub rnd { $seed = ($seed * 1103515245 + 12345) % 2147483648; return $seed % shift }
for my $i (1 .. 60000) {
  my $word = join '', map { chr(97 + rnd(26)) } 1 .. 1 + rnd(8);
  $count{$word}++;
  push @words, $word if $i % 3 == 0;
}
my @top = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
print scalar(@top), " @top[0..20]\n";
my $text = join ' ', @words;
my $matches = () = $text =~ /\b([aeiou]\w*?)([xyz]+)\b/g;
(my $changed = $text) =~ s/(\w)(\w*)/\u$1$2/g;
print "$matches ", length($changed), ' ', unpack('%32C*', $changed), "\n";
my %tree;
push @{ $tree{ substr $_, 0, 1 }{ length $_ } }, $_ for @words;
for my $first (sort keys %tree) {
  print "$first: ", join(',', map { "$_=" . @{ $tree{$first}{$_} } } sort { $a <=> $b } keys %{ $tree{$first} }), "\n";
}
my @closures = map { my $n = $_; sub { $n += shift; $n } } 1 .. 5000;
my $sum = 0;
$sum += $_->(3) for @closures;
my $grown = '';
$grown .= "$_," x 10 for 1 .. 20000;
print "$sum ", length($grown), "\n";
my $pid = open(my $pipe, '-|') // die;
if (!$pid) { print "child ", scalar(keys %count), "\n"; exit 4 }
print <$pipe>;
close $pipe;
print "status ", $? >> 8, "\n";
warn "done\n";
