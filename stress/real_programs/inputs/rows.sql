-- What the sqlite3 case runs, all in memory.
.mode list
create table item(id integer primary key, grp integer, name text, value real);
with recursive n(i, x) as (values(1, 12345) union all
  select i + 1, (x * 1103515245 + 12345) % 2147483648 from n where i < 100000)
insert into item select i, x % 997, 'name' || (x % 10007) || hex(i), x / 3.0 from n;
create index item_grp on item(grp);
create index item_name on item(name);
create table grp(id integer primary key, title text);
insert into grp select distinct grp, 'group ' || grp from item;
select count(*), sum(id), min(name), max(name), round(avg(value), 3) from item;
select g.title, count(*), round(sum(i.value), 2) from item i join grp g on g.id = i.grp
  group by g.id order by 3 desc limit 20;
select name, id from item order by name desc, id limit 50 offset 5000;
select a.grp, count(*) from item a join item b on a.grp = b.grp and a.id + 1 = b.id group by a.grp;
update item set name = upper(name) || value where grp % 3 = 0;
delete from item where grp % 5 = 1;
select count(*), count(distinct name), sum(length(name)) from item;
select group_concat(id, ' ') from (select id from item where grp = 10 order by value);
select substr(group_concat(name), 1, 2000), length(group_concat(name)) from item;
select json_group_array(id) from item where id < 500;
vacuum;
pragma integrity_check;
select length(zeroblob(5000000));
