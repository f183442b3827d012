"""Headers taken apart, and what they are taken for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.intake.headers import read_header
from urbanecon.intake.vocabulary import catalogue, match_variable, take_glued_unit

# header | variable | unit | caliber; as EPS, R and Stata leave the names of columns
WORKING_FILES = """
年末户籍人口_万人_全市|population_hukou|万人|city
人口密度_人每平方公里_全市|population_density|人每平方公里|city
城镇单位从业人员期末人数_人_市辖区|employees|人|districts
地区生产总值_当年价格_亿元_全市|gdp|亿元|city
人均地区生产总值_元_全市|gdp_pc|元|city
地区生产总值增长率_百分比_全市|gdp_growth|百分比|city
第一产业占地区生产总值的比重_全市|share_primary||city
住宅开发投资完成额_万元_全市|residential_investment|万元|city
房地产开发投资完成额_万元_全市|real_estate_investment|万元|city
当年实际使用外资金额_万美元_全市|fdi|万美元|city
在岗职工平均工资_元_全市|wage|元|city
普通高等学校_所_全市|schools_higher|所|city
普通小学_所_全市|schools_primary|所|city
公共图书馆图书藏量_千册_全市|books|千册|city
医院数_个_全市|hospitals|个|city
医院床位数_张_全市|hospital_beds|张|city
污水处理厂集中处理率_百分比_全市|sewage_treatment|百分比|city
地方一般公共预算收入_万元_全市|fiscal_revenue|万元|city
年末金融机构人民币各项贷款余额_万元_全市|loans|万元|city
住户存款余额_万元_全市|savings|万元|city
年末总人口数.万人.|population_hukou|万人|
当年实际使用外资金额.万美元.|fdi|万美元|
第二产业从业人员比重(%)|employees_share_secondary|%|
人口密度(人／平方公里)|population_density|人/平方公里|
地区生产总值万元|gdp|万元|
人均地区生产总值元|gdp_pc|元|
行政区域土地面积平方公里|area|平方公里|
人口密度人平方公里|population_density|人平方公里|
电力煤气及水生产供应业从业人员数万人|employees_utilities|万人|
年末单位从业人员数万人|employees|万人|
规模以上工业企业数个|firms_industry|个|
规模以上工业总产值当年价万元|output_industry|万元|
外商投资企业工业总产值万元|output_industry_foreign|万元|
外商投资企业数个|firms_foreign|个|
地方财政一般预算内支出万元|fiscal_expenditure|万元|
科学支出万元|fiscal_science|万元|
普通高等学校学校数所|schools_higher|所|
RD人员人|rd_staff|人|
RD内部经费支出万元|rd_spending|万元|
发明专利授权数件|patents_invention|件|
电信业务总量万元|telecom_volume|万元|
移动电话年末用户数万户|mobile|万户|
全年用电量万千瓦时|electricity|万千瓦时|
工业用电万千瓦时|electricity_industry|万千瓦时|
工业二氧化硫去除量吨|so2_removed|吨|
工业烟尘去除量吨|dust_removed|吨|
每百人公共图书馆藏书(册、件)|books_per_100|册、件|
2015年末金融机构存款余额(万元)|deposits|万元|
城镇私营和个体从业人员(人)_市辖区|employees_private|人|districts
年末实有公共营运汽电车(辆)|buses|辆|
全市:城镇登记失业人员数(人)|unemployed|人|city
市辖区:医生数(人)|doctors|人|districts
全市_年末总人口(万人)|population_hukou|万人|city
国际互联网用户数(户)|broadband|户|
在校学生数:小学(万人)|students_primary|万人|
专任教师数:普通中学(人)|teachers_secondary|人|
工业废水排放达标量(万吨)|wastewater_standard|万吨|
制造业从业人员数（万人）|employees_manufacturing|万人|
科学研究、技术服务和地质勘查业（人）|employees_research|人|
Population (10,000 persons)|population|10,000 persons|
GDP (100 million yuan)|gdp|100 million yuan|
Per capita GDP (yuan)|gdp_pc|yuan|
FDI actually utilized (USD 10,000)|fdi|USD 10,000|
Number of hospital beds (unit)|hospital_beds|unit|
"""

OTHER_THINGS = """
建筑业总产值(万元)
商品房销售面积(万平方米)
商品房平均销售价格(元/平方米)
农业机械总动力(万千瓦)
耕地面积(公顷)
人均耕地面积(亩)
年末总户数(万户)
女性人口(万人)
暂住人口(万人)
人口出生率(‰)
人口死亡率(‰)
国有单位职工平均工资(元)
国际旅游外汇收入(万美元)
邮电业务总量(万元)
工业增加值(万元)
建筑业增加值(万元)
房地产业增加值(万元)
专利申请数(件)
财政收入占GDP比重(%)
预算外收入(万元)
教育费附加(万元)
卫生技术人员(人)
中等职业学校毕业生数(人)
小学招生数(人)
生活垃圾清运量(万吨)
工业废水排放达标率(%)
供水管道长度(公里)
用水普及率(%)
燃气普及率(%)
道路长度(公里)
人均日生活用水量(升)
城市维护建设资金支出(万元)
绿化覆盖面积(公顷)
第二产业增长率(%)
人均储蓄余额(元)
短期贷款(万元)
保费收入(万元)
人均财政收入(元)
市区GDP占全市比重(%)
每万人在校大学生数(人)
每万人医生数(人)
每千人床位数(张)
农村人口(万人)
城镇人口(万人)
地区生产总值指数(上年=100)
地区生产总值(2010年可比价)(万元)
工业总产值(1990年不变价)(万元)
城市排水管道长度(公里)
第三产业增加值增长率(%)
财政赤字(万元)
国有企业数(个)
人均用电量(千瓦时)
每万人公共图书馆藏书(册)
学校用地面积(平方公里)
公园门票收入(万元)
出租汽车客运量(万人)
铁路营业里程(公里)
公路货物周转量(万吨公里)
旅客周转量(万人公里)
房屋施工面积(万平方米)
房屋竣工面积(万平方米)
城市建设维护资金支出(万元)
旅游总收入(万元)
接待入境旅游者人数(人)
税收收入(万元)
一般公共服务支出(万元)
社会保障和就业支出(万元)
医疗卫生支出(万元)
环境保护支出(万元)
城乡社区事务支出(万元)
单位GDP能耗(吨标准煤/万元)
工业废水处理量(万吨)
化学需氧量排放量(吨)
农村用电量(万千瓦时)
常住外来人口(万人)
社会消费品零售总额增长率(%)
固定资产投资增长率(%)
Total Retail Sales Growth Rate (%)
Population Growth (%)
Birth Rate (‰)
Value-added of Industry (10 000 yuan)
Number of Patents Applied (item)
Length of Roads (km)
Area of Cultivated Land (hectare)
Local Tax Revenue (10 000 yuan)
Expenditure for Medical and Health Care (10 000 yuan)
Number of Graduates of Primary Schools (person)
Total Sales of Commercial Houses (10 000 yuan)
"""


@pytest.mark.parametrize(
    ("levels", "variable", "unit", "caliber"),
    [
        (["年末总人口\n（万人）", "全市\nTotal City"], "population_hukou", "万人", "city"),
        (
            ["Year-end total population (10 000 persons) 年末总人口(万人)", "市辖区"],
            "population_hukou",
            "10 000 persons",
            "districts",
        ),
        (["地区生产总值", "（亿元）"], "gdp", "亿元", ""),
        (["地区生产总值（万元）", "#第一产业"], "va_primary", "万元", ""),
        (["第三产业", "Tertiary", "Industry", "(100 million", "yuan)"], "va_tertiary",
         "100 million yuan", ""),
        (["第二产业占ＧＤＰ的比重（％）"], "share_secondary", "%", ""),
        (["第一产业从业人员(人)"], "employees_primary", "人", ""),
        (["第一产业（人）"], "employees_primary", "人", ""),
        (["Gross Regional Product (10 000 yuan)"], "gdp", "10 000 yuan", ""),
        (["一般公共\r\n预算收入\r\n(万元)"], "fiscal_revenue", "万元", ""),
        (["互联网宽带接入用户(万人）)"], "broadband", "万人", ""),
        (["行政区域土地面积（平方公里）"], "area", "平方公里", ""),
    ],
)  # fmt: skip
def test_a_header_gives_variable_unit_and_caliber(
    levels: list[str], variable: str, unit: str, caliber: str
) -> None:
    header = read_header(levels)
    assert (header.unit, header.caliber) == (unit, caliber)
    assert match_variable(header, header.unit).variable == variable


@pytest.mark.parametrize(
    ("levels", "variable"),
    [
        (["年平均人口（万人）"], "population_average"),
        (["自然增长率（‰）"], "natural_growth"),
        (["地区生产总值（亿元）", "增长%"], "gdp_growth"),
        (["人均地区生产总值（元）"], "gdp_pc"),
        (["建成区面积（平方公里）"], "area_built_up"),
        (["城乡居民储蓄存款余额（万元）"], "savings"),
    ],
)
def test_what_resembles_a_variable_is_another_one(levels: list[str], variable: str) -> None:
    header = read_header(levels)
    assert match_variable(header, header.unit).variable == variable


@pytest.mark.parametrize(
    "levels",
    [
        ["地区生产总值（2010年价）（亿元）"],
        ["财政收入占GDP比重（%）"],
        ["年末总人口（万元）"],
        ["x"],
        [""],
    ],
)
def test_what_only_resembles_a_variable_is_no_match(levels: list[str]) -> None:
    header = read_header(levels)
    assert match_variable(header, header.unit).variable == ""


@pytest.mark.parametrize("line", WORKING_FILES.strip().splitlines())
def test_names_of_columns_in_working_files_are_understood(line: str) -> None:
    text, variable, unit, caliber = line.split("|")
    header = take_glued_unit(read_header([text]))
    assert (header.unit, header.caliber) == (unit, caliber)
    assert match_variable(header, header.unit).variable == variable


@pytest.mark.parametrize("text", OTHER_THINGS.strip().splitlines())
def test_what_the_codebook_does_not_have_is_not_taken_for_what_it_has(text: str) -> None:
    header = take_glued_unit(read_header([text]))
    assert match_variable(header, header.unit).variable == ""


@pytest.mark.parametrize(
    ("levels", "titles", "variable"),
    [
        (["铁路（万人）"], ["2-20 客运量"], "passengers_rail"),
        (["铁路（万吨）"], ["2-21 货运量"], "freight_rail"),
        (["普通中学（人）"], ["2-29 专任教师数"], "teachers_secondary"),
        (["普通中学（人）"], ["2-30 在校学生数"], "students_secondary"),
        (["普通中学（人）"], [], ""),
        (["从业人员构成（%）", "第一产业"], ["2-4"], "employees_share_primary"),
        (["第一产业（%）"], [], ""),
    ],
)
def test_a_short_name_is_understood_below_its_group_or_title_only(
    levels: list[str], titles: list[str], variable: str
) -> None:
    header = read_header(levels)
    assert match_variable(header, header.unit, titles).variable == variable


def test_the_lowest_level_decides_on_unit_and_year() -> None:
    header = read_header(["地区生产总值（万元）2014年", "2015年（亿元）"])
    assert (header.unit, header.year) == ("亿元", 2015)


def test_two_units_that_contradict_each_other_are_no_unit() -> None:
    assert read_header(["总人口（万人）Total Population (persons)"]).unit == ""


def test_a_slightly_misspelt_name_is_matched_with_less_confidence() -> None:
    exact = match_variable(read_header(["普通高等学校在校学生数（人）"]), "人")
    loose = match_variable(read_header(["普通高等学较在校学生数（人）"]), "人")
    assert exact.variable == loose.variable == "students"
    assert loose.confidence < exact.confidence


def test_the_base_year_of_prices_is_not_the_year_of_the_data() -> None:
    assert read_header(["实际人均GDP（2000年价）"]).year is None
    assert read_header(["居民消费价格指数（2000年=1）"]).year is None


def test_every_name_of_the_catalogue_means_a_variable_of_the_codebook() -> None:
    assert set(catalogue()) <= set(load_codebook())
    for entry in catalogue().values():
        assert set(entry) <= {"names", "short", "below"}
        assert ("short" in entry) == ("below" in entry)


@given(st.lists(st.text(max_size=30), max_size=4))
def test_no_header_makes_the_reader_fail(levels: list[str]) -> None:
    header = read_header(levels)
    match_variable(header, header.unit)
